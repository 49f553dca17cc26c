"""From a request's body to a call's arguments."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from innkeeper.errors import RequestRefused

DEPTH_MAX: Final = 128  # no WIT type nests by itself; deeper JSON is an attack on recursion

_decoder = msgspec.json.Decoder()
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')


def parse_arguments(body: bytes) -> dict[str, object]:
    """Return the JSON object (RFC 8259) in `body`.

    A name that appears twice in one object is refused, as in I-JSON (RFC 7493, 2.3): readers
    would differ in which of the two they take. Raises RequestRefused.
    """
    if not body:
        raise RequestRefused("the body is empty: send the arguments as a JSON object, {} for none")
    value = _decode(body)
    if not isinstance(value, dict):
        raise RequestRefused(f"the body must be a JSON object of arguments, not {_kind(value)}")
    # Every member has a colon outside strings: counting them finds a name that was lost.
    members = _count_members(value)
    if members != body.count(b":") and members != _STRING.sub(b"", body).count(b":"):
        raise RequestRefused("the body has an object in which a name appears twice")
    return value


def _decode(body: bytes) -> object:
    try:
        return _decoder.decode(body)
    except RecursionError as error:
        raise RequestRefused(f"the body nests deeper than {DEPTH_MAX} levels") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestRefused(f"the body is not JSON in UTF-8: {error}") from error


def _count_members(value: dict[str, object]) -> int:
    count = 0
    depth = 1
    level: list[object] = [value]
    while level:
        if depth > DEPTH_MAX:
            raise RequestRefused(f"the body nests deeper than {DEPTH_MAX} levels")
        below: list[object] = []
        for container in level:
            if isinstance(container, dict):
                count += len(container)
                below += [item for item in container.values() if type(item) in _CONTAINERS]
            elif isinstance(container, list):
                below += [item for item in container if type(item) in _CONTAINERS]
        level = below
        depth += 1
    return count


_CONTAINERS: Final = (dict, list)


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        return "a string"
    return "null" if value is None else "a number or a boolean"
