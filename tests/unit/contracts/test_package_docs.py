from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from innkeeper.contracts.package_docs import PackageDocs, TypeText, package_docs
from innkeeper.contracts.sections import COMPONENT_PREAMBLE, custom_section
from innkeeper.errors import ContractError

WIT = """
/// Notes that are kept.
package acme:notes@1.2.0;

interface types {
  /// A note.
  record note {
    /// Its title.
    title: string,
    /// What it says.
    body: option<string>,
  }
  /// A book.
  record book {
    /// Its title.
    title: string,
    pages: u32,
  }
}
interface search {
  use types.{note};
  /// Finds notes.
  ///
  /// Slowly.
  find: func(text: string) -> list<note>;
  undocumented: func();
}
world tool {
  /// Says a line; imported.
  import log: func(line: string);
  export search;
  /// Greets.
  export greet: func(name: string) -> string;
  export inline: interface {
    /// Counts.
    count: func() -> u32;
    /// What to do.
    enum action {
      /// Add one.
      up,
      /// Take one.
      down,
    }
  }
}
"""


def component(*contents: bytes) -> bytes:
    sections = [custom_section("package-docs", content) for content in contents]
    return COMPONENT_PREAMBLE + b"".join(sections)


def docs(package: object, *, version: int = 1) -> PackageDocs:
    return package_docs(component(bytes([version]) + json.dumps(package).encode()))


def exports(functions: object) -> dict[str, object]:
    return {"worlds": {"w": {"func_exports": functions}}}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> PackageDocs:
    """The texts that wasm-tools writes for WIT."""
    folder = tmp_path_factory.mktemp("wit")
    (folder / "notes.wit").write_text(WIT)
    tool = Path(sys.executable).with_name("wasm-tools")
    encoded = folder / "notes.wasm"
    subprocess.run([tool, "component", "wit", folder, "--wasm", "-o", encoded], check=True)
    return package_docs(encoded.read_bytes())


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ("greet", "Greets."),
        ("inline#count", "Counts."),
        ("acme:notes/search@1.2.0#find", "Finds notes.\n\nSlowly."),
        ("acme:notes/search@1.2.0#undocumented", None),
        ("acme:notes/other@1.2.0#find", None),
        ("find", None),
        ("nothing", None),
    ],
)
def test_functions_have_the_texts_of_their_wit(
    real: PackageDocs, function: str, text: str | None
) -> None:
    assert real.function_text(function) == text


def test_types_have_the_texts_of_their_wit(real: PackageDocs) -> None:
    assert real.type_text(["title", "body"]) == TypeText(
        "A note.", {"title": "Its title.", "body": "What it says."}
    )
    assert real.type_text(["up", "down"]) == TypeText(
        "What to do.", {"up": "Add one.", "down": "Take one."}
    )


def test_a_type_that_is_not_documented_whole_cannot_be_told_from_others(real: PackageDocs) -> None:
    assert real.type_text(["title", "pages"]) is None


def test_version_0_gives_texts_of_functions_as_strings() -> None:
    package = {"worlds": {"w": {"funcs": {"greet": "Greets.", "wait": None}}}}
    assert docs(package, version=0).functions == {"greet": "Greets."}


def test_an_exported_function_goes_before_an_imported_one_of_its_name() -> None:
    world = {"funcs": {"log": {"docs": "In."}}, "func_exports": {"log": {"docs": "Out."}}}
    assert docs({"worlds": {"w": world}}).function_text("log") == "Out."


def test_a_section_that_names_its_package_holds_for_that_package_alone() -> None:
    package = {"package": "a:b@1.0.0", "interfaces": {"i": {"funcs": {"f": {"docs": "F."}}}}}
    assert docs(package).function_text("a:b/i@1.0.0#f") == "F."
    assert docs(package).function_text("c:d/i@1.0.0#f") is None
    versionless = docs({**package, "package": "a:b"})
    assert versionless.function_text("a:b/i#f") == "F."


def test_several_packages_may_be_documented() -> None:
    first, second = (json.dumps(exports({name: {"docs": name}})).encode() for name in "fg")
    found = package_docs(component(b"\1" + first, b"\1" + second))
    assert found.functions == {"f": "f", "g": "g"}


def test_two_worlds_that_disagree_leave_a_function_without_a_text() -> None:
    worlds = {
        name: {"func_exports": {"f": {"docs": text}, "g": {"docs": "G."}}}
        for name, text in (("v", "One."), ("w", "Two."))
    }
    assert docs({"worlds": worlds}).functions == {"g": "G."}


def test_what_is_not_known_is_passed_over() -> None:
    stable = {"docs": "F.", "stability": {"stable": {"since": "1.0.0"}}, "new": [1]}
    assert docs({**exports({"f": stable}), "novelty": {}}).function_text("f") == "F."


def test_control_characters_are_left_out() -> None:
    assert docs(exports({"f": {"docs": " a\x1b[31m\x00\x9bb\n\tc "}})).functions == {
        "f": "a[31mb\n\tc"
    }


def test_a_text_is_cut_to_what_a_model_can_use() -> None:
    text = docs(exports({"f": {"docs": "x" * 100_000}})).function_text("f")
    assert text is not None
    assert (len(text), text[-2:]) == (4_096, "x…")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\1",
        b"\2{}",
        b"\1{",
        b"\1[]",
        b'\1{"docs": "\xff", "worlds": {"\xff": {}}}',
        b'\1{"worlds": {"w": {"func_exports": {"f": 1}}}}',
        b'\1{"worlds": ' + b"[" * 100_000,
        b'\1{"x": ' + b"[" * 100_000,
        b"\1" + b" " * (1 << 20) + b"{}",
    ],
    ids=lambda content: repr(content[:24]),
)
def test_malformed_texts_are_ignored(content: bytes) -> None:
    good = b"\1" + json.dumps(exports({"f": {"docs": "F."}})).encode()
    assert package_docs(component(content, good)).functions == {"f": "F."}


@given(st.binary(max_size=100))
def test_any_content_is_read_or_ignored(content: bytes) -> None:
    package_docs(component(content, b"\1" + content, b"\1{" + content))


def test_a_component_without_texts_has_none() -> None:
    found = package_docs(COMPONENT_PREAMBLE)
    assert found.function_text("f") is None
    assert found.type_text(["a"]) is None


def test_a_broken_component_is_invalid() -> None:
    with pytest.raises(ContractError, match="not a valid component"):
        package_docs(component(b"\1{}")[:-1])
