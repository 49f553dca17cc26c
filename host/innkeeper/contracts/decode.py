"""JSON arguments -> plain data, validated: what a schema of `schema` accepts, and nothing else.

A decoder is compiled once per type into closures that call each other. They walk the value once; on
a mismatch each level asks its iterator how far it got, notes the step, and looks at the rest only
to report more problems, so that a wrong value costs no more than a right one.

Python callers may also give plain data: bytes for list<u8>, tuples for arrays, (case, payload) for
a variant, ("ok", value) for a result, ("some", value) for an option of an option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from innkeeper.contracts.decode_arrays import array_decoder, fixed_array_decoder, tuple_decoder
from innkeeper.contracts.decode_choices import (
    option_decoder,
    result_decoder,
    variant_decoder,
    wrapped_option_decoder,
)
from innkeeper.contracts.decode_objects import (
    Members,
    completeness,
    member_problems,
    record_decoder,
    string_map_decoder,
    unknown_problems,
)
from innkeeper.contracts.decode_scalars import SCALAR_DECODERS, decode_bytes, decode_null
from innkeeper.contracts.refusal import ABSENT, Decoder, Mismatch, mismatch, refusal
from innkeeper.contracts.wit_types import (
    below,
    check_types,
    children,
    is_bytes,
    is_string_map,
    wraps_null,
)
from innkeeper_core.values import FunctionType, Type

ArgumentsDecoder = Callable[[Mapping[str, object]], tuple[object, ...]]


def decode_arguments(function: FunctionType) -> ArgumentsDecoder:
    """Compile what turns an arguments object into plain data, in the order of the parameters.

    It raises RequestRefused (validation_failed) whose `details` list {"pointer", "message"}, and at
    compile time ContractError (component_unsupported) for a type that JSON cannot carry.
    """
    check_types(ty for _, ty in function.params)
    members = _members(function.params)
    is_complete = completeness(function.params)

    def decode(arguments: Mapping[str, object]) -> tuple[object, ...]:
        given = arguments if isinstance(arguments, dict) else _as_dict(arguments)
        get = given.get
        remaining = iter(members)
        try:
            values = tuple([member(get(name, ABSENT)) for name, member in remaining])
        except Mismatch as first:
            raise refusal(member_problems(first, remaining, members=members, value=given)) from None
        if not is_complete(given):
            raise refusal(unknown_problems(members, given))
        return values

    return decode


def _as_dict(arguments: object) -> dict[str, object]:
    if isinstance(arguments, Mapping):
        return dict(arguments)
    raise refusal(mismatch(arguments, "is not an object").problems)


def _members(fields: Iterable[tuple[str, Type]]) -> Members:
    return tuple((name, _decoder(ty)) for name, ty in fields)


def _decoder(ty: Type) -> Decoder:
    scalar = SCALAR_DECODERS.get(ty.kind)
    return scalar(ty) if scalar else _COMPOSITE_DECODERS[ty.kind](ty)


def _list(ty: Type) -> Decoder:
    if is_bytes(ty):
        return decode_bytes
    element = _decoder(below(ty, 0))
    if ty.length is None:
        return array_decoder(element)
    return fixed_array_decoder(element, ty.length)


def _tuple(ty: Type) -> Decoder:
    return tuple_decoder(tuple(_decoder(child) for child in children(ty)))


def _map(ty: Type) -> Decoder:
    if is_string_map(ty):
        return string_map_decoder(_decoder(below(ty, 1)))
    return array_decoder(_tuple(ty))


def _record(ty: Type) -> Decoder:
    fields = tuple(zip(ty.names, children(ty), strict=True))
    return record_decoder(_members(fields), completeness(fields))


def _option(ty: Type) -> Decoder:
    payload = _decoder(below(ty, 0))
    return wrapped_option_decoder(payload) if wraps_null(ty) else option_decoder(payload)


def _result(ty: Type) -> Decoder:
    ok, error = (decode_null if side is None else _decoder(side) for side in ty.types)
    return result_decoder(ok, error)


def _variant(ty: Type) -> Decoder:
    payloads = [None if child is None else _decoder(child) for child in ty.types]
    return variant_decoder(dict(zip(ty.names, payloads, strict=True)))


_COMPOSITE_DECODERS: Final[dict[str, Callable[[Type], Decoder]]] = {
    "list": _list,
    "tuple": _tuple,
    "map": _map,
    "record": _record,
    "option": _option,
    "result": _result,
    "variant": _variant,
}
