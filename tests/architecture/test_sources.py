"""What is promised of every source: documented, small, finished, and at home on any machine."""

import ast
import json
import re
from pathlib import Path

from architecture.checkout import ROOT, files, shown

LINES_MAX = 450
# Each of these is one idea; a longer file needs its reason here.
LONG = {
    "core_ext/innkeeper_core/component.pyx": "the structs shared with the fiber serve all of it",
    "core_ext/innkeeper_core/values.pyx": "one table of conversions, read side by side",
}
VAGUE = {"utils", "util", "helpers", "common", "manager", "misc"}
CODE = files(".py", ".pyx", ".pxd", ".pyi")
MODULES = [path for path in CODE if path.suffix in {".py", ".pyx", ".pyi"}]
OPEN_END = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b(?!\(#\d+\))")
HOME = re.compile(r"(?<![\w.])/(?:home|root|Users)/\w+")
PARAMETERS_MAX = 3


def test_sources_are_found() -> None:
    assert len(CODE) > 50


def test_a_public_module_says_what_it_is() -> None:
    public = [path for path in MODULES if not shown(path).startswith("tests/")]
    assert [shown(path) for path in public if not _is_documented(path)] == []


def test_a_long_file_is_listed_with_its_reason() -> None:
    assert {shown(path) for path in CODE if _lines(path) > LINES_MAX} == set(LONG)


def test_an_open_end_has_an_issue() -> None:
    assert [shown(path) for path in CODE if OPEN_END.search(_text(path))] == []


def test_no_file_names_somebodys_home() -> None:
    texts = files(".py", ".pyx", ".md", ".toml", ".c", ".json", "")
    assert [shown(path) for path in texts if HOME.search(_text(path))] == []


def test_a_module_is_named_for_what_it_is_about() -> None:
    assert [shown(path) for path in CODE if VAGUE & _words(path)] == []


def test_a_public_function_takes_few_arguments_by_position() -> None:
    host = [path for path in files(".py") if shown(path).startswith("host/")]
    crowded = [
        f"{shown(path)}: {name}"
        for path in host
        for name, count in _positional(ast.parse(_text(path)))
        if count > PARAMETERS_MAX
    ]
    assert crowded == []


def test_no_lock_file_names_a_registry() -> None:
    packages = json.loads((ROOT / "tests/conformance/node/package-lock.json").read_text())[
        "packages"
    ]
    assert not [name for name, entry in packages.items() if "resolved" in entry]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _lines(path: Path) -> int:
    return len(_text(path).splitlines())


def _words(path: Path) -> set[str]:
    return {*path.stem.split("_"), *path.parent.relative_to(ROOT).parts}


def _is_documented(path: Path) -> bool:
    """Whether it opens with a docstring; a file of nothing at all needs none."""
    text = _text(path)
    if path.suffix == ".pyx":  # only its beginning is Python
        return re.match(r'\s*"""', text) is not None
    return not text.strip() or ast.get_docstring(ast.parse(text)) is not None


def _positional(tree: ast.Module) -> list[tuple[str, int]]:
    functions = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not _is_command(node)
    ]
    return [(node.name, len(_named(node))) for node in functions]


def _is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether click calls it, by keyword."""
    return any(ast.unparse(one).startswith("click.") for one in function.decorator_list)


def _named(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return [name for name in names if name not in ("self", "cls")]
