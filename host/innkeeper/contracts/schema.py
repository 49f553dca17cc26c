"""JSON Schema (2020-12) of WIT types, by the table "WIT and JSON" of the reference.

One schema serves both directions: what goes out is among what may come in. `decode` accepts exactly
what a schema accepts, but for two things that a schema could only say at great length: a decimal
string of 19 or 20 digits can be beyond its 64 bits, and an integer beyond what a double can hold.

The keywords are chosen so that a client which validates by an older draft is laxer, never wrong: a
tuple is bounded by `maxItems`, because `items: false` forbids every element up to draft 7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from innkeeper.contracts.package_docs import PackageDocs, TypeText
from innkeeper.contracts.wit_types import (
    BASE64_PATTERN,
    DECIMAL_PATTERNS,
    F32_MAX,
    FLOAT_WORDS,
    INTEGER_BOUNDS,
    below,
    check_types,
    children,
    is_bytes,
    is_string_map,
    result_type,
    wraps_null,
)
from innkeeper_core.values import FunctionType, Type

Schema = dict[str, object]
# A schema writes a type out wherever it is used, and each time with its texts.
TEXTS_CHARS_MAX: Final = 65_536


def value_schema(ty: Type | None, docs: PackageDocs | None = None) -> Schema:
    """The schema of a value's JSON form; None is the type of what has no value, so null.

    Raises ContractError (component_unsupported) for a type that JSON cannot carry.
    """
    check_types([ty])
    return _optional_schema(ty, _Texts(docs))


def arguments_schema(function: FunctionType, docs: PackageDocs | None = None) -> Schema:
    """The schema of the arguments object: a property for each parameter, options not required."""
    check_types(ty for _, ty in function.params)
    return _object_schema(function.params, _Texts(docs))


def output_schema(function: FunctionType, docs: PackageDocs | None = None) -> Schema:
    """The schema of the result value: T of a `result<T, E>`, null where there is none."""
    return value_schema(result_type(function), docs)


def error_schema(function: FunctionType, docs: PackageDocs | None = None) -> Schema | None:
    """The schema of a tool error's details: E of a `result<T, E>`; None for another result."""
    returned = function.result
    if returned is None or returned.kind != "result":
        return None
    return value_schema(returned.types[1], docs)


def structured_is_object(ty: Type | None) -> bool:
    """Whether every JSON value of the type is an object, as MCP structuredContent has to be."""
    return ty is not None and (ty.kind in ("record", "variant", "result") or is_string_map(ty))


def structured_schema(ty: Type | None, docs: PackageDocs | None = None) -> Schema:
    """The schema of MCP structuredContent: the value's own, or that of `{"result": value}`."""
    schema = value_schema(ty, docs)
    return schema if structured_is_object(ty) else _sole_property("result", schema)


class _Texts:
    """The texts of types for one schema, until they are too many characters."""

    def __init__(self, docs: PackageDocs | None) -> None:
        self._docs = docs
        self._chars_left = TEXTS_CHARS_MAX

    def of(self, ty: Type) -> TypeText | None:
        """The texts of a type, or None when it has none or the schema has enough."""
        text = self._docs.type_text(ty.names) if self._docs else None
        if text is None:
            return None
        self._chars_left -= len(text.docs) + sum(map(len, text.items.values()))
        return text if self._chars_left >= 0 else None


def _optional_schema(ty: Type | None, docs: _Texts) -> Schema:
    return {"type": "null"} if ty is None else _schema(ty, docs)


def _schema(ty: Type, docs: _Texts) -> Schema:
    return _SCHEMAS[ty.kind](ty, docs)


def _integer(ty: Type, docs: _Texts) -> Schema:
    low, high = INTEGER_BOUNDS[ty.kind]
    schema: Schema = {"type": "integer", "minimum": low, "maximum": high}
    if ty.kind in DECIMAL_PATTERNS:
        schema |= {"type": ["integer", "string"], "pattern": DECIMAL_PATTERNS[ty.kind]}
    return schema


def _float(ty: Type, docs: _Texts) -> Schema:
    bounds: Schema = {"minimum": -F32_MAX, "maximum": F32_MAX} if ty.kind == "f32" else {}
    return {"anyOf": [{"type": "number", **bounds}, {"enum": list(FLOAT_WORDS)}]}


def _list(ty: Type, docs: _Texts) -> Schema:
    if is_bytes(ty):
        return {"type": "string", "contentEncoding": "base64", "pattern": BASE64_PATTERN}
    return _array(_schema(below(ty, 0), docs), ty.length)


def _array(items: Schema, length: int | None = None) -> Schema:
    schema: Schema = {"type": "array", "items": items}
    return schema if length is None else schema | {"minItems": length, "maxItems": length}


def _tuple(ty: Type, docs: _Texts) -> Schema:
    elements = [_schema(child, docs) for child in children(ty)]
    bounds: Schema = {"minItems": len(elements), "maxItems": len(elements)}
    return {"type": "array", **({"prefixItems": elements} if elements else {}), **bounds}


def _map(ty: Type, docs: _Texts) -> Schema:
    if is_string_map(ty):
        return {"type": "object", "additionalProperties": _schema(below(ty, 1), docs)}
    return _array(_tuple(ty, docs))


def _record(ty: Type, docs: _Texts) -> Schema:
    text = docs.of(ty)
    schema = _object_schema(zip(ty.names, children(ty), strict=True), docs, text)
    return _described(schema, text.docs if text else "")


def _object_schema(
    fields: Iterable[tuple[str, Type]], docs: _Texts, text: TypeText | None = None
) -> Schema:
    fields = list(fields)
    items = text.items if text else {}
    properties = {name: _described(_schema(ty, docs), items.get(name, "")) for name, ty in fields}
    required = [name for name, ty in fields if ty.kind != "option"]
    return _closed({"type": "object", "properties": properties}, required)


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description} if description else schema


def _closed(schema: Schema, required: list[str]) -> Schema:
    """An object schema that allows no other properties than those it lists."""
    needed: Schema = {"required": required} if required else {}
    return {**schema, **needed, "additionalProperties": False}


def _sole_property(name: str, schema: Schema) -> Schema:
    return _closed({"type": "object", "properties": {name: schema}}, [name])


def _option(ty: Type, docs: _Texts) -> Schema:
    schema = _schema(below(ty, 0), docs)
    return _or_null(_sole_property("some", schema) if wraps_null(ty) else schema)


def _or_null(schema: Schema) -> Schema:
    """The same or null, in the shortest form that says so."""
    kind = schema.get("type")
    if kind is None or schema.keys() & {"enum", "oneOf"}:
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = kind if isinstance(kind, list) else [kind]
    return {**schema, "type": [*kinds, "null"]}


def _result(ty: Type, docs: _Texts) -> Schema:
    sides = zip(("ok", "error"), ty.types, strict=True)
    alternatives = [_sole_property(name, _optional_schema(side, docs)) for name, side in sides]
    return {"type": "object", "oneOf": alternatives}


def _variant(ty: Type, docs: _Texts) -> Schema:
    text = docs.of(ty)
    items = text.items if text else {}
    cases = zip(ty.names, ty.types, strict=True)
    alternatives = [
        _described(_case(name, case, docs), items.get(name, "")) for name, case in cases
    ]
    # `type` beside `oneOf`: MCP wants it at the root of an output schema
    schema: Schema = {"type": "object", "oneOf": alternatives}
    return _described(schema, text.docs if text else "")


def _case(name: str, payload: Type | None, docs: _Texts) -> Schema:
    properties: Schema = {"tag": {"const": name}}
    required = ["tag"]
    if payload is not None:
        properties["value"] = _schema(payload, docs)
        required += [] if payload.kind == "option" else ["value"]
    return _closed({"type": "object", "properties": properties}, required)


def _enum(ty: Type, docs: _Texts) -> Schema:
    return _described(_names(ty), _names_text(docs.of(ty)))


def _flags(ty: Type, docs: _Texts) -> Schema:
    schema: Schema = {"type": "array", "items": _names(ty), "uniqueItems": True}
    return _described(schema, _names_text(docs.of(ty)))


def _names(ty: Type) -> Schema:
    return {"type": "string", "enum": list(ty.names)}


def _names_text(text: TypeText | None) -> str:
    """The type's text and those of its names, for which JSON Schema has no place of their own."""
    if text is None:
        return ""
    lines = [f"{name}: {item}" for name, item in text.items.items()]
    return "\n".join([text.docs, *lines] if text.docs else lines)


_SCHEMAS: Final[dict[str, Callable[[Type, _Texts], Schema]]] = {
    "bool": lambda ty, docs: {"type": "boolean"},
    "string": lambda ty, docs: {"type": "string"},
    "char": lambda ty, docs: {"type": "string", "minLength": 1, "maxLength": 1},
    "f32": _float,
    "f64": _float,
    **dict.fromkeys(INTEGER_BOUNDS, _integer),
    "list": _list,
    "tuple": _tuple,
    "map": _map,
    "record": _record,
    "option": _option,
    "result": _result,
    "variant": _variant,
    "enum": _enum,
    "flags": _flags,
}
