"""A value that does not fit its type is refused, with the path that leads to what is wrong."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from core.type_strategies import BOUNDS, types, values
from hypothesis import assume, given
from hypothesis import strategies as st

from innkeeper_core.values import Type, ValueMismatch, roundtrip

Step = str | int
BOOL, U8, U32, F32, F64 = Type("bool"), Type("u8"), Type("u32"), Type("f32"), Type("f64")
CHAR, STRING = Type("char"), Type("string")
BYTES, TEXTS = Type("list", [U8]), Type("list", [STRING])
POINT = Type("record", [U8, Type("option", [STRING])], ["x", "label"])
FIGURE = Type("variant", [None, F64, POINT], ["empty", "circle", "at"])
RESULT = Type("result", [U8, None])
FLAGS = Type("flags", names=["read", "write"])
COUNTS = Type("map", [STRING, U8])
NESTED = Type("record", [Type("list", [Type("tuple", [STRING, FIGURE])])], ["rows"])

REFUSED: list[tuple[Type, Any, tuple[Step, ...], str]] = [
    (BOOL, 1, (), "a bool"),
    (BOOL, None, (), "a bool"),
    (U8, True, (), "an integer"),
    (U8, 1.0, (), "an integer"),
    (U8, "1", (), "an integer"),
    (Type("u64"), -1, (), "a u64"),
    (Type("u64"), 1 << 64, (), "a u64"),
    (Type("u64"), -1 << 80, (), "a u64"),
    (Type("s64"), 1 << 63, (), "bounds"),
    (U32, 10**5_000, (), "this int is not within the bounds"),
    (F64, "1", (), "a number"),
    (F64, True, (), "a number"),
    (F64, 10**400, (), "a number that a float can hold"),
    (F32, 1e39, (), "an f32 can hold"),
    (F32, -1.7e308, (), "an f32 can hold"),
    (CHAR, "", (), "one scalar value"),
    (CHAR, "ab", (), "one scalar value"),
    (CHAR, 97, (), "one scalar value"),
    (CHAR, "\ud800", (), "Unicode scalar value"),
    (CHAR, "\udfff", (), "Unicode scalar value"),
    (STRING, b"a", (), "a string"),
    (STRING, None, (), "a string"),
    (STRING, "a\udc80", (), "without lone surrogates"),
    (BYTES, "abc", (), "bytes"),
    (BYTES, [1, 2], (), "bytes"),
    (BYTES, memoryview(b"abcd")[::2], (), "do not lie together"),
    (TEXTS, "ab", (), "a list"),
    (TEXTS, {"a"}, (), "a list"),
    (TEXTS, iter("ab"), (), "a list"),
    (TEXTS, ["a", 1], (1,), "a string"),
    (Type("list", [U8], length=2), [1], (), "a list of 2"),
    (Type("tuple", [U8, U8]), (1,), (), "a tuple of 2"),
    (Type("tuple", [U8, U8]), (1, 2, 3), (), "a tuple of 2"),
    (Type("tuple", [U8, U8]), (1, 300), (1,), "a u8"),
    (POINT, [1, "a"], (), "a record"),
    (POINT, {"label": "a"}, ("x",), "a field is missing"),
    (POINT, {"x": 1, "z": 2}, (), "no field 'z'"),
    (POINT, {"x": 1, 7: 2}, (), "no field 7"),
    (POINT, {"x": 1, "label": 2}, ("label", "some"), "a string"),
    (FIGURE, "square", (), "one of empty, circle, at"),
    (FIGURE, ("square", 1.0), (), "one of empty, circle, at"),
    (FIGURE, ("circle", 1.0, 2.0), (), "(case, payload)"),
    (FIGURE, ["circle", 1.0], (), "(case, payload)"),
    (FIGURE, ("empty", 1.0), (), "the case empty has no payload"),
    (FIGURE, "circle", ("circle",), "a number"),
    (FIGURE, ([], 1), (), "one of"),
    (FIGURE, ("at", {"x": 256}), ("at", "x"), "a u8"),
    (RESULT, 1, (), "('ok', value)"),
    (RESULT, ("fine", 1), (), "'ok' or 'error'"),
    (RESULT, ("error", 1), (), "the error side has no payload"),
    (RESULT, ("ok", None), ("ok",), "an integer"),
    (Type("option", [Type("option", [U8])]), 7, (), "('some', value)"),
    (Type("option", [Type("option", [U8])]), ("some", "x"), ("some", "some"), "an integer"),
    (Type("enum", names=["red"]), "blue", (), "one of red"),
    (Type("enum", names=["red"]), 0, (), "one of red"),
    (FLAGS, "read", (), "a list of flag names"),
    (FLAGS, ["read", "fly"], (), "one of read, write"),
    (FLAGS, [["read"]], (), "one of read, write"),
    (COUNTS, 7, (), "a map"),
    (COUNTS, [1], (), "(key, value)"),
    (COUNTS, ["ab"], (), "(key, value)"),
    (COUNTS, [("a", 1, 2)], (), "(key, value)"),
    (COUNTS, {"a": 1, "b": -1}, ("b",), "a u8"),
    (COUNTS, {7: 1}, ("7",), "a string"),
    (
        NESTED,
        {"rows": [("a", "empty"), ("b", ("at", {"x": "y"}))]},
        ("rows", 1, 1, "at", "x"),
        "an",
    ),
    (Type("own", resource=1), 1, (), "only valid in an instance"),
    (Type("borrow", resource=1), 1, (), "only valid in an instance"),
]


@pytest.mark.parametrize(
    ("ty", "value", "path", "reason"),
    REFUSED,
    ids=[f"{n}-{row[0].kind}" for n, row in enumerate(REFUSED)],
)
def test_a_value_that_does_not_fit_is_refused_where_it_does_not(
    ty: Type, value: object, path: tuple[Step, ...], reason: str
) -> None:
    with pytest.raises(ValueMismatch) as refused:
        roundtrip(ty, value)
    assert refused.value.path == path
    assert reason in refused.value.reason


@pytest.mark.parametrize("kind", BOUNDS)
@pytest.mark.parametrize("by", [1, 1 << 70])
def test_an_integer_beyond_its_bounds_is_refused(kind: str, by: int) -> None:
    low, high = BOUNDS[kind]
    for number in (low - by, high + by):
        with pytest.raises(ValueMismatch):
            roundtrip(Type(kind), number)


@given(st.data(), types())
def test_the_path_leads_to_the_value_that_is_wrong(data: st.DataObject, ty: Type) -> None:
    value = data.draw(values(ty))
    spots = list(_spots(ty, value, ()))
    assume(spots)
    path, spoil = data.draw(st.sampled_from(spots))
    with pytest.raises(ValueMismatch) as refused:
        roundtrip(ty, spoil(object()))
    found = refused.value.path
    assert found[: len(path)] == path
    assert set(found[len(path) :]) <= {"some"}  # an option there wanted another payload


@given(types(), st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text()
       | st.binary(), lambda below: st.lists(below) | st.tuples(st.text(), below)
       | st.dictionaries(st.text(), below), max_leaves=8))  # fmt: skip
def test_any_value_fits_or_is_refused(ty: Type, value: object) -> None:
    try:
        roundtrip(ty, value)
    except ValueMismatch as refused:
        assert str(refused).endswith(refused.reason)


def test_a_message_shows_where_and_what() -> None:
    with pytest.raises(ValueMismatch, match=r"^rows\.0\.1: 'x' is not one of empty, circle, at$"):
        roundtrip(NESTED, {"rows": [("a", "x")]})


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000_000, [["x"] * 100_000] * 3, {"k" * 100_000: 999}, 10**4_000],
    ids=["text", "lists", "key", "digits"],
)
def test_a_message_is_short_whatever_the_value(value: object) -> None:
    for ty in (U8, POINT, FIGURE, COUNTS):
        with pytest.raises(ValueMismatch) as refused:
            roundtrip(ty, value)
        assert len(str(refused.value)) < 400


def test_a_message_names_a_few_of_many_cases() -> None:
    with pytest.raises(ValueMismatch) as refused:
        roundtrip(Type("enum", names=[f"case{n}" for n in range(5_000)]), "none")
    assert len(str(refused.value)) < 400


def test_a_message_can_always_be_written_out() -> None:
    for value in ({"\ud800": 1}, {"a\nb": 999}, {"\udfff" * 100: 999}):
        with pytest.raises(ValueMismatch) as refused:
            roundtrip(COUNTS, value)
        str(refused.value).encode()


def test_a_value_that_changes_while_it_is_read_is_read_as_it_was() -> None:
    class Emptying(dict[str, object]):
        def get(self, *_: object) -> object:
            rows.clear()
            return 1

    rows: list[object] = [Emptying(x=1, label=None), *({"x": n} for n in range(100))]
    found: Any = roundtrip(Type("list", [Type("record", [U8], ["x"])]), [{"x": 1}])
    with pytest.raises(ValueMismatch):
        roundtrip(Type("list", [POINT]), rows)
    assert found == [{"x": 1}]
    assert rows == []


def test_what_a_value_raises_comes_through() -> None:
    class Broken(dict[str, object]):
        def get(self, *_: object) -> object:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        roundtrip(Type("option", [Type("list", [POINT])]), [{"x": 1}, Broken(x=1)])


def test_none_is_not_a_type() -> None:
    with pytest.raises(TypeError):
        roundtrip(None, 1)  # type: ignore[arg-type]


def test_a_nan_is_a_number() -> None:
    assert math.isnan(roundtrip(F32, math.nan))  # type: ignore[arg-type]


def _spots(
    ty: Type, value: Any, path: tuple[Step, ...]
) -> Iterator[tuple[tuple[Step, ...], Callable[[object], object]]]:
    """Every place in a value, by its path, and how to put another thing there.

    Not a place: the inside of bytes, of flags and of keys.
    """
    yield path, lambda other: other
    for step, below, part, put in _parts(ty, value):
        for place, spoil in _spots(below, part, (*path, step)):
            yield place, lambda other, put=put, spoil=spoil: put(spoil(other))  # type: ignore[misc]


def _parts(ty: Type, value: Any) -> Iterator[tuple[Step, Type, Any, Callable[[object], object]]]:
    below = ty.types
    match ty.kind:
        case "list" if not isinstance(value, bytes):
            for n, part in enumerate(value):
                yield n, _some(below[0]), part, lambda x, n=n: [*value[:n], x, *value[n + 1 :]]  # type: ignore[misc]
        case "tuple":
            for n, part in enumerate(value):
                yield n, _some(below[n]), part, lambda x, n=n: (*value[:n], x, *value[n + 1 :])  # type: ignore[misc]
        case "record":
            for name, kind in zip(ty.names, below, strict=True):
                yield name, _some(kind), value[name], lambda x, name=name: {**value, name: x}  # type: ignore[misc]
        case "option" if value is not None:
            nested = _some(below[0]).kind == "option"
            part = value[1] if nested else value
            yield "some", _some(below[0]), part, lambda x: ("some", x) if nested else x
        case "variant" | "result":
            names = ty.names or ("ok", "error")
            kind = below[names.index(value[0])]
            if kind is not None:
                yield value[0], kind, value[1], lambda x: (value[0], x)
        case "map" if isinstance(value, dict):
            for key, part in value.items():
                if len(key) <= 60 and key.isprintable():
                    yield key, _some(below[1]), part, lambda x, key=key: {**value, key: x}  # type: ignore[misc]


def _some(ty: Type | None) -> Type:
    assert ty is not None
    return ty
