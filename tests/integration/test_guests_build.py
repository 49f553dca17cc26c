"""The guests of the tests and the default plugins are what they are said to be.

They are called through wasmtime's own Python package here, so that the code under test has no part
in it.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any  # wasmtime types the values of components as Any

import pytest
from components.value_types import TYPES
from guests import NAMES, guest, guest_file
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmtime import Config, Engine, Store, WasmtimeError
from wasmtime.component import Component, Linker, Variant

ROOT = Path(__file__).parents[2]
HELLO = ROOT / "host" / "innkeeper" / "default_plugins" / "hello.wasm"
COMPONENT, CORE_MODULE = b"\0asm\x0d\0\1\0", b"\0asm\1\0\0\0"
FUNCTIONS = {"greet", "echo", "describe"}
MEMORY_BYTES_MAX = 64 << 20

Function = Callable[..., Any]


def engine() -> Engine:
    config = Config()
    config.wasm_component_model_map = True
    return Engine(config)


def instance(component: bytes, **calls: Function) -> Callable[[str], Function]:
    """A fresh instance within the default limits, as a look-up of its functions by name.

    It may import the given functions of `test:host/calls`.
    """
    own = engine()
    store, linker = Store(own), Linker(own)
    store.set_limits(memory_size=MEMORY_BYTES_MAX, table_elements=100_000)
    if calls:
        with linker.root() as root, root.add_instance("test:host/calls") as interface:
            for name, call in calls.items():
                interface.add_func(name, lambda _, *values, call=call: call(*values))
    made = linker.instantiate(store, Component(own, component))

    def function(name: str) -> Function:
        found = made.get_func(store, name)
        assert found is not None, name
        return lambda *arguments: found(store, *arguments)

    return function


# Every guest is a valid component of its kind.


@pytest.mark.parametrize("name", NAMES)
def test_a_guest_is_a_component_that_compiles(name: str) -> None:
    if name == "core-module":
        assert guest(name).startswith(CORE_MODULE)
    else:
        assert guest(name).startswith(COMPONENT)
        Component(engine(), guest(name))


def test_a_guest_text_opens_with_what_it_is_for() -> None:
    texts = (ROOT / "tests" / "components").glob("*.wat")
    assert [path.name for path in texts if not path.read_text().startswith(";; ")] == []


def test_a_guest_file_is_named_after_the_guest(tmp_path: Path) -> None:
    path = guest_file("echo", tmp_path)
    assert (path.name, path.read_bytes()) == ("echo.wasm", guest("echo"))


# The harmless ones answer, and the others stop as they should.

ANSWERS: list[tuple[str, str, tuple[object, ...], object]] = [
    ("echo", "echo", ("héllo 🏠",), "héllo 🏠"),
    ("echo", "add", (40, 2), 42),
    ("echo", "nothing", (), None),
    ("loop", "spin", (1000,), 1000),
    ("recursion", "dive-to", (1000,), 1000),
    ("memory-bomb", "grow", (), 1024),
    ("table-bomb", "grow", (), 100_000),
    ("output", "big", (100_000,), "a" * 100_000),
    ("output", "big", (0,), ""),
    ("output", "big-list", (5,), b"aaaaa"),
    ("aliases", "aliases", (3, 1001), ["a" * 1001] * 3),
    ("realloc-trap", "nothing", (), None),
    ("parameters", "gather", tuple("abcdefghi"), list("abcdefghi")),
    ("result-error", "divide", (7, -2), -3),
    ("result-error", "divide", (7, 0), "division by zero"),
    ("result-error", "divide", (-(2**31), -1), "overflow"),
    ("result-error", "parse", ("7",), 7),
    ("result-error", "check", (True,), Variant("ok")),
    ("result-error", "check", (False,), Variant("err")),
    ("exported-resource", "plain", (), 1),
    ("leftovers", "real", (), 1),
    ("cpu", "work", (1,), 8748534153485358512),
    ("unreachable", "nothing", (), None),
    ("div-zero", "divide", (7, 2), 3),
    ("oob", "read", (65_532,), 0),
]
TRAPS: list[tuple[str, str, tuple[object, ...], str]] = [
    ("recursion", "dive", (), "call stack exhausted"),
    ("memory-bomb", "hog", (), "unreachable"),
    ("table-bomb", "hog", (), "unreachable"),
    ("output", "big", (100_000_000,), "unreachable"),
    ("realloc-trap", "echo", ("",), "unreachable"),
    ("realloc-lies", "outside", ("x" * 32,), "realloc return: beyond end of memory"),
    ("realloc-lies", "misaligned", ([1],), "realloc return: result not aligned"),
    ("invalid-utf8", "text", (), "utf-8"),
    ("invalid-utf8", "truncated", (), "utf-8"),
    ("invalid-utf8", "overlong", (), "utf-8"),
    ("invalid-utf8", "surrogate", (), "utf-8"),
    ("invalid-utf8", "scalar", (), "out of range for `char`"),
    ("invalid-utf8", "color", (), "discriminant 7 out of range"),
    ("lying-length", "beyond", (), "out of bounds"),
    ("lying-length", "outside", (), "out of bounds"),
    ("lying-length", "area", (), "out of bounds"),
    ("lying-length", "wrapping", (), "out of bounds"),
    ("lying-length", "misaligned", (), "not aligned"),
    ("unreachable", "fail", (), "unreachable"),
    ("div-zero", "divide", (7, 0), "divide by zero"),
    ("oob", "read", (65_533,), "out of bounds"),
    ("post-return", "trap-after", (), "unreachable"),
]
REFUSED = {
    "memory-static": "exceeds memory limits",
    "table-static": "exceeds table limits",
    "start-trap": "unreachable",
    "flood": "implementation was not found",
    "wants-wasi": "implementation was not found",
    "wants-wasi-03": "implementation was not found",
}


@pytest.mark.parametrize(("name", "function", "arguments", "answer"), ANSWERS)
def test_a_guest_answers(
    name: str, function: str, arguments: tuple[object, ...], answer: object
) -> None:
    assert instance(guest(name))(function)(*arguments) == answer


@pytest.mark.parametrize(("name", "function", "arguments", "cause"), TRAPS)
def test_a_guest_traps(name: str, function: str, arguments: tuple[object, ...], cause: str) -> None:
    with pytest.raises(WasmtimeError, match=cause):
        instance(guest(name))(function)(*arguments)


@pytest.mark.parametrize("name", REFUSED)
def test_a_guest_is_not_instantiated(name: str) -> None:
    with pytest.raises(WasmtimeError, match=REFUSED[name]):
        instance(guest(name))


def test_a_counter_counts_within_one_instance() -> None:
    count = instance(guest("counter"))("next")
    assert [count(), count(), count()] == [1, 2, 3]


def test_a_guest_calls_the_host() -> None:
    waits: list[int] = []
    calls: dict[str, Function] = {
        "ping": lambda n: n + 1,
        "say": lambda text: text[::-1],
        "wait": waits.append,
    }
    function = instance(guest("host-call"), **calls)
    assert function("relay")("héllo") == "olléh"
    assert function("ping-many")(10) == 55
    assert (function("pause")(25), waits) == (None, [25])
    assert instance(guest("start-ping"), ping=calls["ping"])("told")() == 8


# A generated guest answers its argument, whatever its type.

POINT = {"x": -3, "y": 2.5, "label": "here"}
VALUES: dict[str, list[Any]] = {
    "same-bool": [True, False],
    "same-s8": [-128, 127],
    "same-u8": [0, 255],
    "same-s16": [-(2**15)],
    "same-u16": [2**16 - 1],
    "same-s32": [-(2**31)],
    "same-u32": [2**32 - 1],
    "same-s64": [-(2**63)],
    "same-u64": [2**64 - 1],
    "same-f32": [1.5, float("inf")],
    "same-f64": [0.1],
    "same-char": ["🏠"],
    "same-string": ["", "hé" * 50_000],
    "same-bytes": [b"", b"\0\xff"],
    "same-strings": [[], ["a", "", "c"]],
    "same-matrix": [[[1], [], [2, 3]]],
    "same-doubles": [[1.0, 2.0]],
    "same-flags-list": [[True, False]],
    "same-tuple": [(1, "x", 1.5)],
    "same-figure": [
        *(Variant("empty"), Variant("circle", 1.25), Variant("square", 1.5)),
        *(Variant("named", "x"), Variant("many", [1, 2]), Variant("tiny", 200)),
    ],
    "same-color": ["red", "blue"],
    "same-large-enum": ["case0", "case255", "case256", "case299"],
    "same-option": [None, "", "x"],
    "same-nested-option": [Variant("none"), Variant("some"), Variant("some", 5)],
    "same-result": [5, "error"],
    "same-result-ok": ["x", None],
    "same-result-error": [None, "x"],
    "same-result-empty": [Variant("ok"), Variant("err")],
    "same-flags": [set(), {"read", "run-it"}],
    "same-flags-sixteen": [{"flag0", "flag8", "flag15"}],
    "same-flags-full": [{"flag0", "flag31"}, {f"flag{n}" for n in range(32)}],
}
VALUES["same-figures"] = [VALUES["same-figure"]]
RECORDS: dict[str, list[dict[str, Any]]] = {
    "same-point": [POINT],
    "same-wide": [{f"field-{letter}": letter * 9 for letter in "abcdefghi"} | {"last-u8": 9}],
    "same-held-result": [{"outcome": 1.5}, {"outcome": -(2**63)}],
    "same-nested": [
        {"name": "n", "tags": ["a", ""], "weight": 2.5, "hue": "blue", "outcome": 5},
        {"name": "", "tags": [], "weight": None, "hue": "red", "outcome": None},
    ],
}


def test_every_value_type_has_a_value_here() -> None:
    assert set(TYPES) == set(VALUES) | set(RECORDS) | {"same-points"}


@pytest.mark.parametrize("name", VALUES)
def test_an_identity_answers_its_argument(name: str) -> None:
    same = instance(guest("types"))(name)
    assert [same(value) for value in VALUES[name]] == VALUES[name]


@pytest.mark.parametrize("name", RECORDS)
def test_an_identity_answers_its_record(name: str) -> None:
    same = instance(guest("types"))(name)
    for fields in RECORDS[name]:
        nested = {"at": SimpleNamespace(**POINT)} if name == "same-nested" else {}
        answer = dict(vars(same(SimpleNamespace(**fields, **nested))))
        assert not nested or vars(answer.pop("at")) == POINT
        assert answer == fields


def test_an_identity_answers_a_list_of_records() -> None:
    same = instance(guest("types"))("same-points")
    answer = same([SimpleNamespace(**POINT), SimpleNamespace(**POINT)])
    assert [vars(point) for point in answer] == [POINT, POINT]


def test_an_instance_of_identities_serves_any_number_of_calls() -> None:
    same = instance(guest("types"))("same-string")
    text = "x" * 1_000_000
    assert all(same(text) == text for _ in range(100))  # 100 MB, were they not given back


# The default plugins are built from their sources, and `hello` does what its WIT says.


@pytest.fixture(scope="module")
def hello() -> Callable[[str], Function]:
    return instance(HELLO.read_bytes())


needs_zig = pytest.mark.skipif(find_spec("ziglang") is None, reason="ziglang is not installed")


def check_plugins(root: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, root / "plugins" / "build.py", "--check"], capture_output=True, text=True
    )


@needs_zig
def test_the_committed_plugins_are_what_their_sources_build() -> None:
    result = check_plugins(ROOT)
    assert result.returncode == 0, result.stderr


@needs_zig
def test_plugins_are_the_same_bytes_elsewhere_and_a_changed_one_is_reported(tmp_path: Path) -> None:
    component = tmp_path / HELLO.relative_to(ROOT)
    component.parent.mkdir(parents=True)
    shutil.copy(HELLO, component)
    shutil.copytree(ROOT / "plugins", tmp_path / "plugins")
    result = check_plugins(tmp_path)
    assert result.returncode == 0, result.stderr

    component.write_bytes(component.read_bytes() + b"\0")
    result = check_plugins(tmp_path)
    assert result.returncode == 1
    assert "hello.wasm is not what its source builds" in result.stderr


def hello_section(name: str) -> bytes:
    """The content of a custom section of `hello`, whose length takes two bytes."""
    head = bytes([len(name)]) + name.encode()
    before, _, after = HELLO.read_bytes().partition(head)
    return after[: (before[-2] & 0x7F | before[-1] << 7) - len(head)]


def test_hello_carries_its_manifest() -> None:
    manifest = (ROOT / "plugins" / "hello" / "plugin.toml").read_bytes()
    assert hello_section("innkeeper:manifest") == manifest
    assert {tool["function"] for tool in tomllib.loads(manifest.decode())["tool"]} == FUNCTIONS


def test_hello_carries_the_comments_of_its_functions() -> None:
    docs = json.loads(hello_section("package-docs")[1:])
    assert set(docs["worlds"]["root"]["func_exports"]) == FUNCTIONS


def test_hello_imports_nothing() -> None:
    own = engine()
    assert Component(own, HELLO.read_bytes()).type.imports(own) == {}


def test_hello_is_a_few_kilobytes() -> None:
    assert len(HELLO.read_bytes()) < 8192


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("Ada", "Hello, Ada!"),
        ("", "Hello, world!"),
        (" \t\u3000\n", "Hello, world!"),
        ("\u00a0Zoë 🏠 Ω\u2003", "Hello, Zoë 🏠 Ω!"),
    ],
)
def test_hello_greets(hello: Callable[[str], Function], name: str, greeting: str) -> None:
    assert hello("greet")(name) == greeting


@settings(deadline=None)
@given(st.text())
def test_hello_echoes_any_text(text: str) -> None:
    assert instance(HELLO.read_bytes())("echo")(text) == text


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r é\u3000"), min_size=1
)


@settings(deadline=None)
@given(TEXTS)
def test_hello_counts_as_python_does(text: str) -> None:
    facts = vars(instance(HELLO.read_bytes())("describe")(text))
    widest = ord(max(text))
    assert facts == {
        "bytes": len(text.encode()),
        "characters": len(text),
        "words": len(text.split()),
        "lines": text.count("\n") + (not text.endswith("\n")),
        "longest-word": max(text.split(), key=len, default=None),
        "repertoire": ("ascii", "latin1", "basic-plane", "full")[
            (widest > 0x7F) + (widest > 0xFF) + (widest > 0xFFFF)
        ],
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", Variant("empty")),
        ("é\0", Variant("control-character", 1)),
        ("ab\u0085", Variant("control-character", 2)),
        ("é" * 100_001, Variant("too-long", 100_000)),
    ],
)
def test_hello_says_why_it_describes_nothing(
    hello: Callable[[str], Function], text: str, problem: Variant
) -> None:
    assert hello("describe")(text) == problem


def test_an_instance_of_hello_serves_any_number_of_calls() -> None:
    echo = instance(HELLO.read_bytes())("echo")
    assert all(len(echo("x" * 1_000_000)) == 1_000_000 for _ in range(100))
