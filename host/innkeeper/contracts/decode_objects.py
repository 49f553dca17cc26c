"""Decoders for JSON objects: the members of a record or of the arguments, and maps by string."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import length_hint

from innkeeper.contracts.decode_scalars import decode_string
from innkeeper.contracts.refusal import (
    ABSENT,
    PROBLEMS_MAX,
    Decoder,
    Mismatch,
    Problem,
    collect,
    mismatch,
    shown_names,
)
from innkeeper_core.values import Type

Members = tuple[tuple[str, Decoder], ...]
IsComplete = Callable[[dict[str, object]], bool]


def record_decoder(members: Members, is_complete: IsComplete) -> Decoder:
    """An object of these members and no others, to a dict in their order."""

    def decode(value: object) -> object:
        if not isinstance(value, dict):
            raise mismatch(value, "is not an object")
        get = value.get
        remaining = iter(members)
        try:
            record = {name: member(get(name, ABSENT)) for name, member in remaining}
        except Mismatch as first:
            raise Mismatch(
                member_problems(first, remaining, members=members, value=value)
            ) from None
        if not is_complete(value):
            raise Mismatch(unknown_problems(members, value))
        return record

    return decode


def completeness(fields: Iterable[tuple[str, Type]]) -> IsComplete:
    """What tells that an object whose members have all been decoded holds nothing else."""
    fields = list(fields)
    names = frozenset(name for name, _ in fields)
    if any(ty.kind == "option" for _, ty in fields):
        return lambda value: value.keys() <= names
    return lambda value: len(value) == len(names)


def member_problems(
    first: Mismatch, remaining: Iterator[object], *, members: Members, value: dict[str, object]
) -> list[Problem]:
    """The problems of an object: the first, which stopped the walk, and those after it."""
    index = len(members) - length_hint(remaining) - 1
    problems = first.under(members[index][0])
    rest = members[index + 1 :]
    collect(problems, ((name, member, value.get(name, ABSENT)) for name, member in rest))
    return problems + unknown_problems(members, value)


def unknown_problems(members: Members, value: dict[str, object]) -> list[Problem]:
    """A problem for each property that is not a member, up to the most that are told."""
    names = dict(members)
    text = f"is not a property here (there are: {shown_names(names) or 'none'})"
    extra = (str(name) for name in value if name not in names)
    return [Problem((name,), text) for name in islice(extra, PROBLEMS_MAX)]


def string_map_decoder(element: Decoder) -> Decoder:
    """An object of any properties, to a dict."""

    def decode(value: object) -> object:
        if not isinstance(value, dict):
            raise mismatch(value, "is not an object")
        remaining = iter(value.items())
        try:
            return {decode_string(key): element(item) for key, item in remaining}
        except Mismatch as first:
            index = len(value) - length_hint(remaining) - 1
            rest = islice(value.items(), index, None)
            problems = first.under(str(next(rest)[0]))
            collect(problems, ((str(key), element, item) for key, item in rest))
            raise Mismatch(problems) from None

    return decode
