"""Decoders for values that hold no other: numbers, text, bytes, names."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from typing import Final

from innkeeper.contracts.refusal import Decoder, Mismatch, mismatch, shown_names
from innkeeper.contracts.wit_types import (
    DECIMAL_PATTERNS,
    F32_MAX,
    FLOAT_WORDS,
    INTEGER_BOUNDS,
)
from innkeeper_core.values import Type


def decode_null(value: object) -> None:
    """The value of a side that has none."""
    if value is not None:
        raise mismatch(value, "is not null")


def decode_bool(value: object) -> object:
    if value is True or value is False:
        return value
    raise mismatch(value, "is not a boolean")


def decode_string(value: object) -> object:
    if isinstance(value, str):
        if not value.isascii():  # a flag of the object, so most text is not walked
            check_scalars(value)
        return value
    raise mismatch(value, "is not a string")


def decode_char(value: object) -> object:
    if type(value) is str and len(value) == 1:
        check_scalars(value)
        return value
    raise mismatch(value, "is not a string of one Unicode scalar value")


def check_scalars(value: str) -> None:
    """Raise Mismatch for a lone surrogate: WIT text is Unicode scalar values."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise mismatch(value, "has a lone surrogate") from None


def decode_bytes(value: object) -> bytes:
    """From base64 with padding (RFC 4648, section 4); a Python caller may give the bytes."""
    if isinstance(value, str):
        try:
            return binascii.a2b_base64(value, strict_mode=True)
        except ValueError:
            raise mismatch(value, "is not base64 with padding") from None
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise mismatch(value, "is not a base64 string")


def integer_decoder(ty: Type) -> Decoder:
    """An integer within the bounds of its type; 64-bit ones may come as decimal strings."""
    low, high = INTEGER_BOUNDS[ty.kind]
    pattern = DECIMAL_PATTERNS.get(ty.kind)
    is_decimal = re.compile(pattern).fullmatch if pattern else None
    words = " or its decimal string" if pattern else ""
    rule = f"is not an integer from {low} to {high}{words}"

    def decode(value: object) -> object:
        if type(value) is int and low <= value <= high:
            return value
        number = _integer(value)
        if number is None and is_decimal and isinstance(value, str) and is_decimal(value):
            number = int(value)
        if number is None or not low <= number <= high:
            raise mismatch(value, rule)
        return number

    return decode


def _integer(value: object) -> int | None:
    """The integer that JSON Schema sees in a value: 1.0 is one (2020-12 validation, 6.1.1)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return None


def float_decoder(ty: Type) -> Decoder:
    """A number that the type can hold, or one of the three words for what JSON has no number."""
    single = ty.kind == "f32"
    rule = "is not a number" + (f" within ±{F32_MAX!r}" if single else " that a double can hold")
    rule += ', or one of "NaN", "Infinity", "-Infinity"'

    def decode(value: object) -> object:
        number = value if type(value) is float else _number(value)
        if number is None or (single and F32_MAX < abs(number) < FLOAT_WORDS["Infinity"]):
            raise mismatch(value, rule)
        return number

    return decode


def _number(value: object) -> float | None:
    if isinstance(value, str):
        return FLOAT_WORDS.get(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return None
    return None


def enum_decoder(ty: Type) -> Decoder:
    """The name of a case."""
    names = frozenset(ty.names)
    rule = f"is not one of {shown_names(ty.names)}"

    def decode(value: object) -> object:
        if isinstance(value, str) and value in names:
            return value
        raise mismatch(value, rule)

    return decode


def flags_decoder(ty: Type) -> Decoder:
    """An array of different names, in any order; Python callers may give a set."""
    names, decode_name = ty.names, enum_decoder(ty)

    def decode(value: object) -> object:
        if not isinstance(value, list | tuple | set | frozenset):
            raise mismatch(value, "is not an array of flags")
        seen: set[object] = set()
        for index, name in enumerate(value):
            try:
                decode_name(name)
                if name in seen:
                    raise mismatch(name, "is there twice")
            except Mismatch as problem:
                raise Mismatch(problem.under(index)) from None
            seen.add(name)
        return [name for name in names if name in seen]

    return decode


SCALAR_DECODERS: Final[dict[str, Callable[[Type], Decoder]]] = {
    "bool": lambda ty: decode_bool,
    "string": lambda ty: decode_string,
    "char": lambda ty: decode_char,
    "f32": float_decoder,
    "f64": float_decoder,
    "enum": enum_decoder,
    "flags": flags_decoder,
    **dict.fromkeys(INTEGER_BOUNDS, integer_decoder),
}
