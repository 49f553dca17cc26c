from __future__ import annotations

import pytest

from innkeeper.contracts.package_docs import PackageDocs, TypeText
from innkeeper.contracts.schema import (
    TEXTS_CHARS_MAX,
    arguments_schema,
    error_schema,
    output_schema,
    structured_is_object,
    structured_schema,
    value_schema,
)
from innkeeper.contracts.wit_types import TYPE_DEPTH_MAX, result_type
from innkeeper.errors import ContractError
from innkeeper_core.values import FunctionType, Type

STRING, U8, U32 = Type("string"), Type("u8"), Type("u32")
NOTE = Type("record", [STRING, Type("option", [STRING])], ["title", "body"])
COLOUR = Type("enum", (), ["red", "green"])
NULL: dict[str, object] = {"type": "null"}

ROWS: list[tuple[Type | None, dict[str, object]]] = [
    (None, NULL),
    (Type("bool"), {"type": "boolean"}),
    (Type("char"), {"type": "string", "minLength": 1, "maxLength": 1}),
    (Type("s8"), {"type": "integer", "minimum": -128, "maximum": 127}),
    (
        Type("u64"),
        {
            "type": ["integer", "string"],
            "minimum": 0,
            "maximum": 18446744073709551615,
            "pattern": "^(?:0|[1-9][0-9]{0,19})$",
        },
    ),
    (
        Type("f64"),
        {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]},
    ),
    (Type("list", [STRING]), {"type": "array", "items": {"type": "string"}}),
    (
        Type("list", [U8], length=2),
        {
            "type": "array",
            "items": {"type": "integer", "minimum": 0, "maximum": 255},
            "minItems": 2,
            "maxItems": 2,
        },
    ),
    (
        Type("tuple", [STRING, Type("bool")]),
        {
            "type": "array",
            "prefixItems": [{"type": "string"}, {"type": "boolean"}],
            "minItems": 2,
            "maxItems": 2,
        },
    ),
    (
        NOTE,
        {
            "type": "object",
            "properties": {"title": {"type": "string"}, "body": {"type": ["string", "null"]}},
            "required": ["title"],
            "additionalProperties": False,
        },
    ),
    (Type("option", [COLOUR]), {"anyOf": [value_schema(COLOUR), NULL]}),
    (
        Type("option", [Type("option", [STRING])]),
        {
            "type": ["object", "null"],
            "properties": {"some": {"type": ["string", "null"]}},
            "required": ["some"],
            "additionalProperties": False,
        },
    ),
    (COLOUR, {"type": "string", "enum": ["red", "green"]}),
    (
        Type("flags", (), ["read"]),
        {"type": "array", "items": {"type": "string", "enum": ["read"]}, "uniqueItems": True},
    ),
    (
        Type("map", [STRING, Type("bool")]),
        {"type": "object", "additionalProperties": {"type": "boolean"}},
    ),
    (
        Type("map", [Type("char"), STRING]),
        {"type": "array", "items": value_schema(Type("tuple", [Type("char"), STRING]))},
    ),
    (
        Type("result", [STRING, None]),
        {
            "type": "object",
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"ok": {"type": "string"}},
                    "required": ["ok"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"error": NULL},
                    "required": ["error"],
                    "additionalProperties": False,
                },
            ],
        },
    ),
    (
        Type("variant", [None, STRING, Type("option", [STRING])], ["none", "some", "maybe"]),
        {
            "type": "object",
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"tag": {"const": "none"}},
                    "required": ["tag"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"tag": {"const": "some"}, "value": {"type": "string"}},
                    "required": ["tag", "value"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {
                        "tag": {"const": "maybe"},
                        "value": {"type": ["string", "null"]},
                    },
                    "required": ["tag"],
                    "additionalProperties": False,
                },
            ],
        },
    ),
]


@pytest.mark.parametrize(("ty", "schema"), ROWS, ids=[repr(ty) for ty, _ in ROWS])
def test_a_type_has_the_schema_of_the_table(ty: Type | None, schema: dict[str, object]) -> None:
    assert value_schema(ty) == schema


def test_a_byte_list_is_a_base64_string() -> None:
    schema = value_schema(Type("list", [U8]))
    assert (schema["type"], schema["contentEncoding"]) == ("string", "base64")


def test_parameters_are_properties_and_options_are_not_required() -> None:
    function = FunctionType([("name", STRING), ("loud", Type("option", [Type("bool")]))])
    assert arguments_schema(function) == {
        "type": "object",
        "properties": {"name": {"type": "string"}, "loud": {"type": ["boolean", "null"]}},
        "required": ["name"],
        "additionalProperties": False,
    }


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    assert arguments_schema(FunctionType()) == schema


def test_a_returned_result_is_its_value_and_its_error() -> None:
    function = FunctionType((), Type("result", [NOTE, STRING]))
    assert result_type(function) == NOTE
    assert output_schema(function) == value_schema(NOTE)
    assert error_schema(function) == {"type": "string"}


@pytest.mark.parametrize("result", [None, Type("result", [None, None])])
def test_a_function_that_returns_nothing_has_null_as_output(result: Type | None) -> None:
    assert output_schema(FunctionType((), result)) == NULL


def test_only_a_returned_result_has_an_error_schema() -> None:
    assert error_schema(FunctionType((), STRING)) is None
    assert error_schema(FunctionType()) is None
    assert error_schema(FunctionType((), Type("result", [STRING, None]))) == NULL


@pytest.mark.parametrize(
    "ty",
    [
        NOTE,
        Type("variant", [None], ["a"]),
        Type("map", [STRING, U8]),
        Type("result", [None, None]),
    ],
)
def test_what_is_always_an_object_is_structured_content_itself(ty: Type) -> None:
    assert structured_is_object(ty)
    assert structured_schema(ty) == value_schema(ty)
    assert structured_schema(ty)["type"] == "object"


@pytest.mark.parametrize(
    "ty", [None, STRING, Type("option", [NOTE]), Type("map", [U8, U8]), Type("list", [NOTE])]
)
def test_anything_else_is_wrapped_as_result(ty: Type | None) -> None:
    assert not structured_is_object(ty)
    assert structured_schema(ty) == {
        "type": "object",
        "properties": {"result": value_schema(ty)},
        "required": ["result"],
        "additionalProperties": False,
    }


def docs_of(text: TypeText) -> PackageDocs:
    return PackageDocs({}, {frozenset(text.items): text})


def test_texts_of_a_record_are_descriptions_of_it_and_its_fields() -> None:
    docs = docs_of(TypeText("A note.", {"title": "Its title.", "body": "Its body."}))
    schema = value_schema(Type("list", [NOTE]), docs)["items"]
    assert schema == {
        "type": "object",
        "properties": {
            "title": {"type": "string", "description": "Its title."},
            "body": {"type": ["string", "null"], "description": "Its body."},
        },
        "required": ["title"],
        "additionalProperties": False,
        "description": "A note.",
    }


def test_texts_of_cases_describe_the_alternatives_of_a_variant() -> None:
    docs = docs_of(TypeText("", {"circle": "Round."}))
    schema = value_schema(Type("variant", [None], ["circle"]), docs)
    assert schema["oneOf"] == [
        {
            "type": "object",
            "properties": {"tag": {"const": "circle"}},
            "required": ["tag"],
            "additionalProperties": False,
            "description": "Round.",
        }
    ]


def test_texts_of_names_are_lines_of_the_description_of_an_enum() -> None:
    docs = docs_of(TypeText("A colour.", {"red": "Like blood.", "green": "Like grass."}))
    assert value_schema(COLOUR, docs)["description"] == (
        "A colour.\nred: Like blood.\ngreen: Like grass."
    )


def test_a_schema_repeats_no_more_text_than_is_useful() -> None:
    docs = docs_of(TypeText("", {"red": "r" * 4_000, "green": "g" * 4_000}))
    schema = value_schema(Type("tuple", [COLOUR] * 1_000), docs)
    assert len(str(schema)) < TEXTS_CHARS_MAX + 1_000 * 100


def test_a_resource_handle_is_unsupported() -> None:
    with pytest.raises(ContractError, match="resource handle") as refused:
        arguments_schema(FunctionType([("x", Type("list", [Type("own", resource=1)]))]))
    assert refused.value.code == "component_unsupported"


def test_a_type_of_exponential_size_is_refused_before_it_is_written_out() -> None:
    ty = U8
    for _ in range(60):
        ty = Type("tuple", [ty, ty])
    with pytest.raises(ContractError, match="more than 100000 nodes"):
        value_schema(ty)


def test_a_type_of_great_depth_is_refused() -> None:
    ty = U8
    for _ in range(TYPE_DEPTH_MAX):
        ty = Type("list", [ty])
    with pytest.raises(ContractError, match="inside each other"):
        value_schema(ty)
