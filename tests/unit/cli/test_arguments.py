"""Arguments on the command line: strings stay strings, the rest is JSON, by the tool's schema."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from innkeeper.cli import arguments
from innkeeper.cli.arguments import read_arguments, read_object
from innkeeper.contracts.schema import arguments_schema
from innkeeper.errors import RequestRefused
from innkeeper_core.values import FunctionType, Type

TEXT, U32, S64, F64, BOOL = (Type(kind) for kind in ("string", "u32", "s64", "f64", "bool"))
PARAMETERS = [
    ("text", TEXT),
    ("count", U32),
    ("big", S64),
    ("ratio", F64),
    ("is-on", BOOL),
    ("tags", Type("list", [TEXT])),
    ("color", Type("enum", names=["red", "green"])),
    ("maybe-text", Type("option", [TEXT])),
    ("maybe-color", Type("option", [Type("enum", names=["red", "green"])])),
    ("maybe-count", Type("option", [U32])),
]
SCHEMA = arguments_schema(FunctionType(PARAMETERS))


def refusal(*pairs: str, object_text: str | None = None) -> str:
    """The message with which arguments are refused."""
    with pytest.raises(RequestRefused) as refused:
        read_arguments(pairs, object_text, schema=SCHEMA)
    assert refused.value.code == "validation_failed"
    return str(refused.value)


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("text=Ada", "Ada"),
        ("text=5", "5"),
        ("text=null", "null"),
        ('text="quoted"', '"quoted"'),
        ("text=a=b", "a=b"),
        ("text=", ""),
        ("maybe-text=null", "null"),
        ("color=red", "red"),
        ("maybe-color=red", "red"),
        ("count=5", 5),
        ("maybe-count=null", None),
        ("is-on=true", True),
        ("big=-5", -5),
        ("big=18446744073709551615", 18446744073709551615),
        ("ratio=1.5", 1.5),
        ("ratio=NaN", "NaN"),
        ('tags=["a"]', ["a"]),
    ],
)
def test_a_value_is_text_where_a_string_is_wanted_and_else_json(pair: str, value: object) -> None:
    assert read_arguments([pair], None, schema=SCHEMA) == {pair.partition("=")[0]: value}


def test_pairs_win_over_the_object() -> None:
    given = read_arguments(["text=b"], '{"text": "a", "count": 1}', schema=SCHEMA)
    assert given == {"text": "b", "count": 1}


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ("count=many", "count=many: must be JSON (integer)"),
        ("tags=a", "tags=a: must be JSON (array)"),
        ("count=" + "[" * 10_000, "must be JSON"),
        ("text", "'text' is not KEY=VALUE"),
        ("=5", "'=5' is not KEY=VALUE"),
        ("name=Ada", "name is no argument of this tool: it takes text, count"),
        ("text=\udc80", "text is not UTF-8"),
        ("\x1b=1", "\\x1b is no argument"),
    ],
)
def test_a_pair_that_does_not_fit_is_refused_by_name(pair: str, told: str) -> None:
    assert told in refusal(pair)


def test_a_key_comes_once() -> None:
    assert refusal("text=a", "text=b") == "text is given twice"


@pytest.mark.parametrize("text", ["", "{", "[1]", "null", "{'a': 1}", "[" * 10_000, "\udc80"])
def test_an_object_that_is_none_is_refused(text: str) -> None:
    assert "--json" in refusal(object_text=text)


def test_an_object_is_read_from_a_stream() -> None:
    assert read_object(BytesIO(b'{"a": 1}')) == '{"a": 1}'


def test_a_stream_that_is_no_text_is_refused() -> None:
    with pytest.raises(RequestRefused, match="stdin is not UTF-8 at byte 1"):
        read_object(BytesIO(b"a\xff"))


def test_a_stream_is_read_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "OBJECT_BYTES_MAX", 10)
    with pytest.raises(RequestRefused) as refused:
        read_object(BytesIO(b"x" * 100))
    assert refused.value.code == "payload_too_large"


@given(st.lists(st.sampled_from(PARAMETERS).flatmap(lambda p: st.text().map(f"{p[0]}=".__add__))))
def test_any_pairs_are_arguments_or_refused(pairs: list[str]) -> None:
    try:
        found = read_arguments(pairs, None, schema=SCHEMA)
    except RequestRefused as refused:
        assert refused.code == "validation_failed"
    else:
        assert len(found) == len(pairs)
