"""Values go to libwasmtime's form and come back as they were."""

import math
from typing import Any

import pytest
from core.type_strategies import BOUNDS, exact, types, values
from hypothesis import given
from hypothesis import strategies as st

from innkeeper_core.values import Type, roundtrip

U8, STRING, F32, F64 = Type("u8"), Type("string"), Type("f32"), Type("f64")
BYTES = Type("list", [U8])
FLAGS = Type("flags", names=["read", "write", "run"])
OPTION = Type("option", [Type("option", [U8])])


@given(st.data(), types())
def test_a_value_comes_back_as_it_was(data: st.DataObject, ty: Type) -> None:
    value = data.draw(values(ty))
    assert exact(roundtrip(ty, value)) == exact(value)


@given(st.data(), types(depth=2), st.integers(0, 3))
def test_a_list_of_fixed_length_comes_back_as_it_was(
    data: st.DataObject, ty: Type, length: int
) -> None:
    fixed = Type("list", [ty], length=length)
    value = data.draw(values(fixed))
    assert exact(roundtrip(fixed, value)) == exact(value)


@pytest.mark.parametrize("kind", BOUNDS)
def test_an_integer_reaches_its_bounds(kind: str) -> None:
    for bound in BOUNDS[kind]:
        assert roundtrip(Type(kind), bound) == bound


@pytest.mark.parametrize(
    "given_bytes",
    [b"abc", bytearray(b"abc"), memoryview(b"abc"), memoryview(b"xabcx")[1:4]],
    ids=["bytes", "bytearray", "memoryview", "slice"],
)
def test_bytes_come_in_any_buffer_of_bytes(given_bytes: object) -> None:
    assert roundtrip(BYTES, given_bytes) == b"abc"


def test_a_memoryview_of_wider_items_gives_its_bytes() -> None:
    assert roundtrip(BYTES, memoryview(b"\1\0\2\0").cast("H")) == b"\1\0\2\0"


def test_every_byte_survives() -> None:
    assert roundtrip(BYTES, bytes(range(256))) == bytes(range(256))


@pytest.mark.parametrize(
    "text", ["", "\0", "a\0b", "ÿ", "€", "😀", "\U0010ffff", "\ufeff", "\ue000"]
)
def test_text_of_any_plane_survives(text: str) -> None:
    assert roundtrip(STRING, text) == text


@pytest.mark.parametrize("char", ["\0", "\ud7ff", "\ue000", "\uffff", "\U0010ffff"])
def test_a_char_is_any_scalar_value(char: str) -> None:
    assert roundtrip(Type("char"), char) == char


@pytest.mark.parametrize("ty", [F32, F64])
@pytest.mark.parametrize("number", [0.0, -0.0, math.inf, -math.inf, math.nan, 1.5, 5e-324])
def test_a_float_keeps_its_sign_and_its_kind(ty: Type, number: float) -> None:
    if ty == F32 and number == 5e-324:
        number = 2.0**-149
    assert exact(roundtrip(ty, number)) == exact(number)


def test_a_float_is_rounded_to_an_f32() -> None:
    assert roundtrip(F32, 0.1) == 0.10000000149011612
    assert roundtrip(F32, 1e-300) == 0.0


def test_an_integer_is_a_number_where_a_float_is_wanted() -> None:
    assert exact(roundtrip(F64, 3)) == exact(3.0)


def test_lists_and_tuples_stand_for_each_other_going_in() -> None:
    assert roundtrip(Type("list", [STRING]), ("a", "b")) == ["a", "b"]
    assert roundtrip(Type("tuple", [STRING, U8]), ["a", 1]) == ("a", 1)


def test_a_field_that_is_absent_is_an_absent_option() -> None:
    note = Type("record", [STRING, Type("option", [STRING])], ["title", "body"])
    assert roundtrip(note, {"title": "t"}) == {"title": "t", "body": None}


def test_a_record_has_its_fields_in_the_order_of_its_type() -> None:
    pair = Type("record", [U8, U8], ["first", "second"])
    assert list(roundtrip(pair, {"second": 2, "first": 1})) == ["first", "second"]  # type: ignore[call-overload]


@pytest.mark.parametrize("value", [None, ("some", None), ("some", 7)])
def test_an_option_of_an_option_tells_its_levels_apart(value: object) -> None:
    assert roundtrip(OPTION, value) == value


def test_three_options_inside_each_other_tell_their_levels_apart() -> None:
    deep = Type("option", [OPTION])
    for value in (None, ("some", None), ("some", ("some", None)), ("some", ("some", 7))):
        assert roundtrip(deep, value) == value


def test_a_case_without_a_payload_may_be_its_name_alone() -> None:
    figure = Type("variant", [None, U8], ["empty", "many"])
    assert roundtrip(figure, "empty") == ("empty", None)


@pytest.mark.parametrize("chosen", [["run", "read"], ("run", "read", "run"), {"read", "run"}])
def test_flags_come_back_in_the_order_of_their_type(chosen: Any) -> None:
    assert roundtrip(FLAGS, chosen) == ["read", "run"]


@pytest.mark.parametrize("pairs", [{1: "a"}, [(1, "a")], ((1, "a"),), [[1, "a"]]])
def test_a_map_comes_in_as_a_dict_or_as_pairs(pairs: Any) -> None:
    assert roundtrip(Type("map", [U8, STRING]), pairs) == [(1, "a")]
    assert roundtrip(Type("map", [STRING, U8]), {"a": 1}) == {"a": 1}


def test_a_large_value_comes_back_as_it_was() -> None:
    rows = Type("list", [Type("tuple", [STRING, Type("option", [F64])])])
    value = [(str(n), None if n % 3 else n / 7) for n in range(50_000)]
    assert roundtrip(rows, value) == value
