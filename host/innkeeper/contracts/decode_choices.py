"""Decoders for values that are one of several things: options, results and variants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from innkeeper.contracts.decode_objects import unknown_problems
from innkeeper.contracts.decode_scalars import decode_string
from innkeeper.contracts.refusal import ABSENT, Decoder, Mismatch, mismatch, shown_names


def option_decoder(payload: Decoder) -> Decoder:
    """Absent or null to None, else the payload."""

    def decode(value: object) -> object:
        return None if value is None or value is ABSENT else payload(value)

    return decode


def wrapped_option_decoder(payload: Decoder) -> Decoder:
    """The option of what can itself be null: `{"some": payload}` to ("some", payload)."""
    members = {"some": payload}

    def decode(value: object) -> object:
        if value is None or value is ABSENT:
            return None
        return _one_of(members, value, 'is not null or {"some": value}')

    return decode


def result_decoder(ok: Decoder, error: Decoder) -> Decoder:
    """`{"ok": payload}` or `{"error": payload}`, to a pair."""
    members = {"ok": ok, "error": error}

    def decode(value: object) -> object:
        return _one_of(members, value, 'is not {"ok": value} or {"error": value}')

    return decode


def _one_of(members: dict[str, Decoder], value: object, rule: str) -> tuple[str, object]:
    """Decode `{name: payload}`, or the pair that is its plain form, of one of the members."""
    if isinstance(value, dict) and len(value) == 1:
        [(name, payload)] = value.items()
    elif isinstance(value, tuple) and len(value) == 2:
        name, payload = value
    else:
        raise mismatch(value, rule)
    if not isinstance(name, str) or name not in members:
        raise mismatch(value, rule)
    try:
        return name, members[name](payload)
    except Mismatch as problem:
        raise Mismatch(problem.under(name)) from None


def variant_decoder(payloads: Mapping[str, Decoder | None]) -> Decoder:
    """`{"tag": case}` or `{"tag": case, "value": payload}`, to (case, payload)."""
    rule = f"is not one of {shown_names(payloads)}"

    def decode(value: object) -> object:
        members = value if isinstance(value, dict) else _members_of_pair(value)
        tag = members.get("tag", ABSENT)
        if not isinstance(tag, str) or tag not in payloads:
            raise Mismatch(mismatch(tag, rule).under("tag"))
        return tag, _payload(payloads[tag], members)

    return decode


_TAG: Final = frozenset({"tag"})
_TAG_AND_VALUE: Final = frozenset({"tag", "value"})


def _members_of_pair(value: object) -> dict[str, object]:
    if not isinstance(value, tuple) or len(value) != 2:
        raise mismatch(value, 'is not an object with a "tag"')
    tag, payload = value
    return {"tag": tag} if payload is None else {"tag": tag, "value": payload}


def _payload(payload: Decoder | None, members: dict[str, object]) -> object:
    if not members.keys() <= (_TAG_AND_VALUE if payload else _TAG):
        known = (("tag", decode_string), ("value", decode_string))
        raise Mismatch(unknown_problems(known if payload else known[:1], members))
    if payload is None:
        return None
    try:
        return payload(members.get("value", ABSENT))
    except Mismatch as problem:
        raise Mismatch(problem.under("value")) from None
