"""Plain data -> JSON-ready values, by the table "WIT and JSON" of the reference.

An encoder is compiled once per type; where the plain data already is JSON-ready there is none, and
encoding costs nothing. Encoders trust their input: it comes from the core, which made it by type.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from typing import Any, Final

from innkeeper.contracts.wit_types import (
    JSON_INTEGER_MAX,
    below,
    check_types,
    children,
    is_bytes,
    is_string_map,
    wraps_null,
)
from innkeeper_core.values import Type

# Any: each takes the plain data of one type, which the table of `innkeeper_core.values` describes
Encode = Callable[[Any], object]
Encoder = Encode | None  # None: the plain data is JSON-ready as it is


def encode_result(ty: Type | None) -> Encoder:
    """Compile what makes plain data of the type JSON-ready, or None where it already is.

    Raises ContractError (component_unsupported) for a type that JSON cannot carry.
    """
    check_types([ty])
    return _optional_encoder(ty)


def _optional_encoder(ty: Type | None) -> Encoder:
    return None if ty is None else _encoder(ty)


def _encoder(ty: Type) -> Encoder:
    make = _ENCODERS.get(ty.kind)
    return None if make is None else make(ty)


def _integer_encoder(ty: Type) -> Encoder:
    def encode(value: int) -> object:
        return value if -JSON_INTEGER_MAX <= value <= JSON_INTEGER_MAX else str(value)

    return encode


def _float_encoder(ty: Type) -> Encoder:
    def encode(value: float) -> object:
        if math.isfinite(value):
            return value
        if math.isnan(value):
            return "NaN"
        return "Infinity" if value > 0 else "-Infinity"

    return encode


def _list_encoder(ty: Type) -> Encoder:
    if is_bytes(ty):
        return _base64
    element = _encoder(below(ty, 0))
    return None if element is None else _array_encoder(element)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _array_encoder(element: Encode) -> Encode:
    def encode(value: list[object]) -> object:
        return [element(item) for item in value]

    return encode


def _record_encoder(ty: Type) -> Encoder:
    fields = zip(ty.names, children(ty), strict=True)
    encoders = [(name, _encoder(field)) for name, field in fields]
    changed = tuple((name, encode) for name, encode in encoders if encode is not None)
    if not changed:
        return None

    def encode(value: dict[str, object]) -> object:
        record = dict(value)
        for name, encode_field in changed:
            record[name] = encode_field(record[name])
        return record

    return encode


def _tuple_encoder(ty: Type) -> Encode:
    encoders = tuple(_encoder(child) or _same for child in children(ty))
    if all(encode is _same for encode in encoders):
        return list

    def encode(value: tuple[object, ...]) -> object:
        return [each(item) for each, item in zip(encoders, value, strict=True)]

    return encode


def _same(value: object) -> object:
    return value


def _map_encoder(ty: Type) -> Encoder:
    if not is_string_map(ty):
        return _array_encoder(_tuple_encoder(ty))
    element = _encoder(below(ty, 1))
    return None if element is None else _object_encoder(element)


def _object_encoder(element: Encode) -> Encode:
    def encode(value: dict[str, object]) -> object:
        return {key: element(item) for key, item in value.items()}

    return encode


def _option_encoder(ty: Type) -> Encoder:
    payload = _encoder(below(ty, 0))
    if wraps_null(ty):
        return _wrapped_option_encoder(payload or _same)
    if payload is None:
        return None

    def encode(value: object) -> object:
        return None if value is None else payload(value)

    return encode


def _wrapped_option_encoder(payload: Encode) -> Encode:
    def encode(value: tuple[str, object] | None) -> object:
        return None if value is None else {"some": payload(value[1])}

    return encode


def _result_encoder(ty: Type) -> Encode:
    ok, error = (_optional_encoder(side) or _same for side in ty.types)

    def encode(value: tuple[str, object]) -> object:
        side, payload = value
        return {"ok": ok(payload)} if side == "ok" else {"error": error(payload)}

    return encode


def _variant_encoder(ty: Type) -> Encode:
    cases = zip(ty.names, ty.types, strict=True)
    payloads = {name: _encoder(child) or _same for name, child in cases if child is not None}

    def encode(value: tuple[str, object]) -> object:
        tag, payload = value
        encode_payload = payloads.get(tag)
        if encode_payload is None:
            return {"tag": tag}
        return {"tag": tag, "value": encode_payload(payload)}

    return encode


_ENCODERS: Final[dict[str, Callable[[Type], Encoder]]] = {
    "s64": _integer_encoder,
    "u64": _integer_encoder,
    "f32": _float_encoder,
    "f64": _float_encoder,
    "list": _list_encoder,
    "record": _record_encoder,
    "tuple": _tuple_encoder,
    "map": _map_encoder,
    "option": _option_encoder,
    "result": _result_encoder,
    "variant": _variant_encoder,
}
