"""`Type` and `FunctionType`: what fits together, and that equal types are equal."""

import pytest
from core.type_strategies import types
from hypothesis import given

from innkeeper_core.values import DEPTH_MAX, FunctionType, Type

U8, STRING = Type("u8"), Type("string")
POINT = Type("record", [Type("s32"), Type("f64")], ["x", "y"])


@given(types())
def test_a_type_equals_one_made_of_the_same_parts(ty: Type) -> None:
    twin = Type(ty.kind, ty.types, ty.names, resource=ty.resource, length=ty.length)
    assert twin == ty
    assert hash(twin) == hash(ty)


@pytest.mark.parametrize(
    "other",
    [
        Type("record", [Type("s32"), Type("f64")], ["x", "z"]),
        Type("record", [Type("s32"), Type("f32")], ["x", "y"]),
        Type("tuple", [Type("s32"), Type("f64")]),
        Type("list", [U8], length=2),
        Type("own", resource=1),
        "record",
        None,
    ],
)
def test_a_type_differs_from_one_made_of_other_parts(other: object) -> None:
    assert other != POINT
    assert Type("list", [U8]) != other
    assert Type("own", resource=2) != other


@pytest.mark.parametrize(
    ("ty", "text"),
    [
        (U8, "u8"),
        (POINT, "record {x: s32, y: f64}"),
        (Type("list", [U8]), "list<u8>"),
        (Type("list", [U8], length=4), "list<u8, 4>"),
        (Type("result", [None, STRING]), "result<_, string>"),
        (Type("variant", [None, U8], ["none", "one"]), "variant {none, one: u8}"),
        (Type("enum", names=["red", "green"]), "enum {red, green}"),
        (Type("map", [STRING, U8]), "map<string, u8>"),
        (Type("borrow", resource=3), "borrow<3>"),
    ],
)
def test_a_type_shows_as_it_is_written(ty: Type, text: str) -> None:
    assert repr(ty) == text


@pytest.mark.parametrize(
    ("kind", "types", "names"),
    [
        ("stream", [], []),
        ("", [], []),
        ("list", [], []),
        ("list", [U8, U8], []),
        ("option", [], []),
        ("result", [U8], []),
        ("map", [STRING], []),
        ("u8", [STRING], []),
        ("string", [], ["a"]),
        ("tuple", [U8], ["a"]),
        ("record", [], []),
        ("record", [U8], ["a", "b"]),
        ("record", [U8, U8], ["a", "a"]),
        ("variant", [None], []),
        ("enum", [], []),
        ("enum", [U8], ["a", "b"]),
        ("flags", [], ["a", "a"]),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(
    kind: str, types: list[Type | None], names: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Type(kind, types, names)


@pytest.mark.parametrize("below", ["u8", None, U8.__class__])
def test_only_types_are_below_a_type(below: object) -> None:
    with pytest.raises(TypeError, match="is not a Type"):
        Type("list", [below])  # type: ignore[list-item]


@pytest.mark.parametrize("kind", ["string", "option"])
def test_only_lists_have_a_length(kind: str) -> None:
    with pytest.raises(ValueError, match="length"):
        Type(kind, [U8] if kind == "option" else [], length=3)
    with pytest.raises(ValueError, match="length"):
        Type("list", [U8], length=-1)


def test_names_are_strings() -> None:
    with pytest.raises(TypeError, match="names are strings"):
        Type("enum", names=[1])  # type: ignore[list-item]


def test_a_type_never_changes() -> None:
    ty = Type("u8")
    with pytest.raises(TypeError, match="never changes"):
        ty.__init__("string")
    with pytest.raises(AttributeError):
        ty.kind = "string"
    assert ty == U8


def test_a_type_has_a_bounded_depth() -> None:
    ty = U8
    for _ in range(DEPTH_MAX - 1):
        ty = Type("option", [ty])
    assert hash(ty) == hash(ty)
    with pytest.raises(ValueError, match="inside each other"):
        Type("option", [ty])


def test_function_types_with_equal_parts_are_equal() -> None:
    one = FunctionType([("text", STRING)], U8, True)
    assert one == FunctionType((("text", Type("string")),), Type("u8"), is_async=True)
    assert hash(one) == hash(FunctionType([("text", STRING)], U8, True))
    assert one != FunctionType([("text", STRING)], U8)
    assert one != FunctionType([("word", STRING)], U8, True)
    other: object = "func"
    assert one != other


def test_a_function_type_shows_as_it_is_written() -> None:
    assert repr(FunctionType([("text", STRING)], POINT)) == (
        "func(text: string) -> record {x: s32, y: f64}"
    )
    assert repr(FunctionType(is_async=True)) == "async func()"


def test_a_function_type_never_changes() -> None:
    function = FunctionType([("text", STRING)])
    with pytest.raises(TypeError, match="never changes"):
        function.__init__()
    with pytest.raises(TypeError, match="not a Type"):
        FunctionType([("text", None)])  # type: ignore[list-item]
