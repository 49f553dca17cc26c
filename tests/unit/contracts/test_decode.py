from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import IntEnum, StrEnum
from math import inf, isnan, nan
from types import MappingProxyType

import pytest

from innkeeper.contracts.decode import decode_arguments
from innkeeper.contracts.wit_types import TYPE_DEPTH_MAX
from innkeeper.errors import ContractError, RequestRefused
from innkeeper_core.values import FunctionType, Type

STRING, U8, U64, F32, F64 = (Type(kind) for kind in ("string", "u8", "u64", "f32", "f64"))
BYTES = Type("list", [U8])
COLOUR = Type("enum", (), ["red", "green"])
PERMISSIONS = Type("flags", (), ["read", "write"])
SHAPE = Type("variant", [F64, None, Type("option", [U8])], ["circle", "none", "maybe"])


class Number(IntEnum):
    SEVEN = 7


class Colour(StrEnum):
    RED = "red"


def decode(ty: Type, value: object) -> object:
    return decode_arguments(FunctionType([("x", ty)]))({"x": value})[0]


def refused(ty: Type, value: object) -> list[tuple[str, str]]:
    """Pointer and message of each problem, the pointer seen from the value."""
    with pytest.raises(RequestRefused) as caught:
        decode(ty, value)
    assert caught.value.code == "validation_failed"
    details = caught.value.details
    assert isinstance(details, list)
    return [(each["pointer"].removeprefix("/x"), each["message"]) for each in details]


def test_arguments_become_a_tuple_in_the_order_of_the_parameters() -> None:
    decode_pair = decode_arguments(FunctionType([("b", STRING), ("a", U8)]))
    assert decode_pair({"a": 1, "b": "x"}) == ("x", 1)


def test_any_mapping_may_hold_the_arguments() -> None:
    arguments: Mapping[str, object] = MappingProxyType({"x": "Ada"})
    assert decode_arguments(FunctionType([("x", STRING)]))(arguments) == ("Ada",)


def test_an_absent_option_is_none() -> None:
    assert decode_arguments(FunctionType([("x", Type("option", [U8]))]))({}) == (None,)


def test_a_refusal_names_the_pointer_the_value_and_the_rule() -> None:
    with pytest.raises(RequestRefused) as caught:
        decode(Type("list", [U8]), [1, 300])
    assert caught.value.details == [
        {"pointer": "/x", "message": "an array of 2 is not a base64 string"}
    ]
    assert str(caught.value) == "/x: an array of 2 is not a base64 string"


def test_every_problem_is_told_at_once() -> None:
    function = FunctionType([("a", U8), ("b", STRING), ("c", Type("list", [STRING]))])
    with pytest.raises(RequestRefused, match=r"^/a: 256 is not an integer .* \(and 4 more\)$") as r:
        decode_arguments(function)({"a": 256, "c": ["x", 1, "y", None], "d": 0})
    assert r.value.details == [
        {"pointer": "/a", "message": "256 is not an integer from 0 to 255"},
        {"pointer": "/b", "message": "is required"},
        {"pointer": "/c/1", "message": "1 is not a string"},
        {"pointer": "/c/3", "message": "null is not a string"},
        {"pointer": "/d", "message": "is not a property here (there are: a, b, c)"},
    ]


def test_no_more_than_sixteen_problems_are_told() -> None:
    assert len(refused(Type("list", [STRING]), list(range(1_000)))) == 16


def test_problems_inside_records_maps_and_tuples_are_all_found() -> None:
    record = Type("record", [U8, STRING, U8], ["a", "b", "c"])
    assert [at for at, _ in refused(record, {"a": "", "b": "", "c": "", "d": ""})] == [
        "/a",
        "/c",
        "/d",
    ]
    pairs = Type("map", [STRING, U8])
    assert [at for at, _ in refused(pairs, {"a": 1, "b": "", "c": 2, "d": ""})] == ["/b", "/d"]
    row = Type("tuple", [U8, U8, U8, U8])
    assert [at for at, _ in refused(row, [1, "", 2, ""])] == ["/1", "/3"]


def test_pointers_escape_slashes_and_tildes() -> None:
    assert refused(Type("map", [STRING, U8]), {"a/b~c": ""})[0][0] == "/a~1b~0c"


def test_a_pointer_too_long_to_send_ends_at_an_ancestor() -> None:
    deep = Type("map", [STRING, Type("map", [STRING, U8])])
    assert refused(deep, {"outer": {"k" * 100_000: ""}})[0][0] == "/outer"


def test_deeply_nested_problems_cost_no_more_than_the_value() -> None:
    ty = U8
    value: object = ""
    for _ in range(TYPE_DEPTH_MAX - 1):
        ty = Type("record", [ty], ["f"])
        value = {"f": value}
    [(at, _)] = refused(ty, value)
    assert at == "/f" * (TYPE_DEPTH_MAX - 1)


@pytest.mark.parametrize("value", [True, 1.5, "1", None, [1], nan, inf, 1 << 2_000])
def test_what_is_not_an_integer_is_refused(value: object) -> None:
    assert "is not an integer from 0 to 255" in refused(U8, value)[0][1]


@pytest.mark.parametrize("value", [7, 7.0, Number.SEVEN])
def test_an_integer_without_a_fraction_is_an_integer(value: object) -> None:
    decoded = decode(U8, value)
    assert (decoded, type(decoded)) == (7, int)


@pytest.mark.parametrize(
    "value", ["-1", "01", " 1", "1_0", "1.0", "٣", "", str(2**64), "9" * 5_000]
)
def test_what_is_not_a_decimal_of_64_bits_is_refused(value: str) -> None:
    assert "or its decimal string" in refused(U64, value)[0][1]


def test_64_bit_integers_come_as_numbers_or_decimal_strings() -> None:
    assert decode(U64, 2**64 - 1) == decode(U64, str(2**64 - 1)) == 2**64 - 1
    assert decode(Type("s64"), str(-(2**63))) == -(2**63)


def test_floats_come_as_numbers_or_words() -> None:
    assert decode(F64, 3) == 3.0
    assert type(decode(F64, 3)) is float
    assert decode(F64, "-Infinity") == decode(F64, -inf) == -inf
    assert isnan(decode(F32, "NaN"))  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [True, "1.0", "infinity", None, 1 << 2_000, 1e39])
def test_what_a_float_cannot_hold_is_refused(value: object) -> None:
    assert "is not a number within" in refused(F32, value)[0][1]


@pytest.mark.parametrize(("ty", "value"), [(STRING, "a\ud800"), (Type("char"), "\udfff")])
def test_lone_surrogates_are_refused_in_words_that_can_be_sent(ty: Type, value: str) -> None:
    [(_, message)] = refused(ty, value)
    assert "lone surrogate" in message
    message.encode()


def test_lone_surrogates_are_refused_in_keys() -> None:
    [(at, message)] = refused(Type("map", [STRING, U8]), {"\ud800": 1})
    assert "lone surrogate" in message
    at.encode()


@pytest.mark.parametrize("value", ["", "ab", "e\u0301"])
def test_a_char_is_one_scalar_value(value: str) -> None:
    assert "one Unicode scalar value" in refused(Type("char"), value)[0][1]


def test_bytes_come_as_base64_or_as_bytes() -> None:
    assert decode(BYTES, "AAH/") == b"\0\1\xff"
    assert decode(BYTES, b"ab") == decode(BYTES, bytearray(b"ab")) == b"ab"
    assert decode(BYTES, memoryview(b"a-b-")[::2]) == b"ab"


@pytest.mark.parametrize("value", ["QQ", "QQ=", "QQ===", "Q=Q=", "QUI=QQ==", "QQ==\n", "Q-==", "é"])
def test_what_is_not_strict_base64_is_refused(value: str) -> None:
    assert "is not base64 with padding" in refused(BYTES, value)[0][1]


def test_flags_come_in_any_order_and_go_in_declared_order() -> None:
    assert decode(PERMISSIONS, ["write", "read"]) == ["read", "write"]
    assert decode(PERMISSIONS, {"write"}) == ["write"]


def test_flags_are_known_and_different() -> None:
    assert refused(PERMISSIONS, ["read", "read"]) == [("/1", '"read" is there twice')]
    assert refused(PERMISSIONS, [[]])[0][0] == "/0"
    assert refused(PERMISSIONS, "read")[0][1] == '"read" is not an array of flags'


def test_an_enum_is_one_of_its_names() -> None:
    assert decode(COLOUR, Colour.RED) == "red"
    assert refused(COLOUR, "blue") == [("", '"blue" is not one of red, green')]


def test_many_names_are_not_all_told() -> None:
    names = [f"n{index}" for index in range(1_000)]
    assert len(refused(Type("enum", (), names), "x")[0][1]) < 200


def test_a_variant_has_a_tag_and_a_value() -> None:
    assert decode(SHAPE, {"tag": "circle", "value": 1.5}) == ("circle", 1.5)
    assert decode(SHAPE, {"tag": "none"}) == ("none", None)
    assert decode(SHAPE, {"tag": "maybe"}) == ("maybe", None)
    assert decode(SHAPE, ("circle", 1.5)) == ("circle", 1.5)


@pytest.mark.parametrize(
    ("value", "at", "message"),
    [
        ({"tag": "square"}, "/tag", '"square" is not one of circle, none, maybe'),
        ({"tag": []}, "/tag", "an array of 0 is not one of circle, none, maybe"),
        ({}, "/tag", "is required"),
        ({"tag": "circle"}, "/value", "is required"),
        ({"tag": "circle", "value": "x", "y": 0}, "/y", "is not a property here"),
        ({"tag": "none", "value": None}, "/value", "is not a property here (there are: tag)"),
        ("none", "", '"none" is not an object with a "tag"'),
    ],
)
def test_a_wrong_variant_is_refused(value: object, at: str, message: str) -> None:
    [(found_at, found)] = refused(SHAPE, value)
    assert (found_at, found[: len(message)]) == (at, message)


def test_an_option_of_an_option_tells_none_from_some_none() -> None:
    ty = Type("option", [Type("option", [U8])])
    assert [decode(ty, value) for value in (None, {"some": None}, {"some": 1})] == [
        None,
        ("some", None),
        ("some", 1),
    ]
    assert refused(ty, {}) == [("", 'an object is not null or {"some": value}')]
    assert refused(ty, {"some": ""})[0][0] == "/some"


def test_a_result_is_ok_or_error() -> None:
    ty = Type("result", [None, STRING])
    assert decode(ty, {"ok": None}) == ("ok", None)
    assert decode(ty, {"error": "no"}) == ("error", "no")
    assert refused(ty, {"ok": None, "error": ""})[0][0] == ""
    assert refused(ty, {"ok": 1}) == [("/ok", "1 is not null")]


def test_an_unknown_property_that_stands_in_for_an_absent_option_is_refused() -> None:
    record = Type("record", [U8, Type("option", [U8])], ["a", "b"])
    assert refused(record, {"a": 1, "c": 2}) == [("/c", "is not a property here (there are: a, b)")]


def test_keys_that_are_not_strings_are_refused() -> None:
    assert refused(Type("map", [STRING, U8]), {1: 1}) == [("/1", "1 is not a string")]
    assert refused(Type("record", [U8], ["a"]), {"a": 1, 2: 2})[0][0] == "/2"


def test_what_is_shown_of_a_value_is_short() -> None:
    for value in ("x" * 10**6, 10**100_000, {"k" * 10**6: 1}, b"x" * 10**6, object()):
        assert all(len(message) < 200 for _, message in refused(Type("bool"), value))


def test_arguments_that_are_no_object_are_refused() -> None:
    with pytest.raises(RequestRefused, match=r"^the arguments: an array of 0 is not an object$"):
        decode_arguments(FunctionType())([])  # type: ignore[arg-type]


def test_the_deepest_type_decodes_far_from_the_end_of_the_stack() -> None:
    ty = Type("bool")
    value: object = True
    for _ in range(TYPE_DEPTH_MAX - 1):
        ty = Type("list", [ty])
        value = [value]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(600)
    try:
        assert decode(ty, value) == value
    finally:
        sys.setrecursionlimit(limit)


def test_a_resource_handle_cannot_be_decoded() -> None:
    with pytest.raises(ContractError, match="resource handle"):
        decode_arguments(FunctionType([("x", Type("borrow", resource=1))]))
