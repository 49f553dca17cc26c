"""What a value counts for against a limit on input or output."""

import pytest
from core.type_strategies import types, values
from hypothesis import given
from hypothesis import strategies as st

from innkeeper_core.values import Type, size_of

U8, U64, STRING = Type("u8"), Type("u64"), Type("string")


@pytest.mark.parametrize(
    ("ty", "value", "size"),
    [
        (Type("bool"), True, 1),
        (U8, 200, 1),
        (U64, 1, 8),
        (Type("f64"), 1.0, 8),
        (STRING, "", 1),
        (STRING, "é" * 100, 201),
        (Type("list", [U8]), bytes(1_000), 1_001),
        (Type("list", [Type("bool")]), [True] * 10, 11),
        (Type("list", [STRING]), ["ab", ""], 5),
        (Type("tuple", [U8, STRING]), (1, "x" * 1_000), 1_003),
        (Type("record", [U8, STRING], ["a", "b"]), {"a": 1, "b": "xy"}, 5),
        (Type("option", [STRING]), None, 1),
        (Type("option", [STRING]), "abc", 5),
        (Type("variant", [None, STRING], ["a", "b"]), ("b", "abc"), 5),
        (Type("result", [STRING, None]), ("ok", "abc"), 5),
        (Type("map", [STRING, STRING]), {"ab": "c"}, 6),
        (Type("flags", names=["a", "b"]), ["a", "b"], 3),
        (Type("enum", names=["red"]), "red", 4),
    ],
)
def test_a_value_counts_its_text_and_its_scalars(ty: Type, value: object, size: int) -> None:
    assert size_of(ty, value) == size


@given(st.data(), types())
def test_a_value_counts_more_than_each_thing_in_it(data: st.DataObject, ty: Type) -> None:
    rows = Type("tuple", [Type("u8"), ty, Type("option", [ty])])
    value = data.draw(values(ty))
    assert size_of(rows, (1, value, None)) > size_of(ty, value)


def test_counting_stops_soon_after_the_limit() -> None:
    texts = Type("list", [STRING])
    assert 100 < size_of(texts, ["x" * 60] * 10_000, 100) <= 10_000


def test_empty_things_are_not_free() -> None:
    assert size_of(Type("list", [Type("list", [STRING])]), [[]] * 1_000) > 1_000
