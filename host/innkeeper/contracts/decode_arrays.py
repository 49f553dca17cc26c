"""Decoders for JSON arrays, of elements whose decoders are given."""

from __future__ import annotations

from operator import length_hint

from innkeeper.contracts.refusal import Decoder, Mismatch, collect, mismatch


def array_decoder(element: Decoder) -> Decoder:
    """An array of any length, to a list."""

    def decode(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise mismatch(value, "is not an array")
        remaining = iter(value)
        try:
            return [element(item) for item in remaining]
        except Mismatch as first:
            index = len(value) - length_hint(remaining) - 1
            problems = first.under(index)
            rest = range(index + 1, len(value))
            collect(problems, ((step, element, value[step]) for step in rest))
            raise Mismatch(problems) from None

    return decode


def fixed_array_decoder(element: Decoder, length: int) -> Decoder:
    """An array of exactly so many elements, to a list."""
    decode_array = array_decoder(element)

    def decode(value: object) -> object:
        check_length(value, length)
        return decode_array(value)

    return decode


def tuple_decoder(elements: tuple[Decoder, ...]) -> Decoder:
    """An array of these elements, to a tuple."""
    length = len(elements)

    def decode(value: object) -> object:
        given = check_length(value, length)
        remaining = iter(elements)
        try:
            return tuple([element(item) for element, item in zip(remaining, given, strict=True)])
        except Mismatch as first:
            index = length - length_hint(remaining) - 1
            problems = first.under(index)
            rest = range(index + 1, length)
            collect(problems, ((step, elements[step], given[step]) for step in rest))
            raise Mismatch(problems) from None

    return decode


def check_length(value: object, length: int) -> list[object] | tuple[object, ...]:
    """The value, where it is an array of so many; else raise Mismatch."""
    if isinstance(value, list | tuple) and len(value) == length:
        return value
    raise mismatch(value, f"is not an array of {length}")
