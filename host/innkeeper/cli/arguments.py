"""Arguments on a command line: `key=value` pairs, read by the tool's schema, and an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from innkeeper.cli.text import plain
from innkeeper.errors import RequestRefused

OBJECT_BYTES_MAX: Final = 64 * 1024 * 1024  # the tool's own limit is checked when it is called


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes: ...


def read_object(stream: Readable) -> str:
    """The text on a stream, an object by intention.

    Raises RequestRefused (payload_too_large, validation_failed).
    """
    text = stream.read(OBJECT_BYTES_MAX + 1)
    if len(text) > OBJECT_BYTES_MAX:
        raise RequestRefused(
            f"stdin has more than {OBJECT_BYTES_MAX} bytes", code="payload_too_large"
        )
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise RequestRefused(f"stdin is not UTF-8 at byte {error.start}") from error


def read_arguments(
    pairs: Iterable[str], object_text: str | None, *, schema: Mapping[str, object]
) -> dict[str, object]:
    """The arguments object: that of `object_text`, and the pairs over it.

    A value is the text as it stands where the schema wants a string; else JSON, or where that
    fails and a string would do as well, the text. Raises RequestRefused (validation_failed).
    """
    arguments = {} if object_text is None else _object(object_text)
    properties = schema.get("properties", {})
    assert isinstance(properties, dict)
    given: set[str] = set()
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise RequestRefused(f"{plain(pair[:60])!r} is not KEY=VALUE")
        if key in given:
            raise RequestRefused(f"{plain(key)} is given twice")
        if key not in properties:
            raise RequestRefused(_unknown(key, list(properties)))
        given.add(key)
        arguments[key] = _value(key, text, properties[key])
    return arguments


def _object(text: str) -> dict[str, object]:
    try:
        found = msgspec.json.decode(_utf8("--json", text))
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestRefused(f"--json is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise RequestRefused("--json must be an object, as {}".format('{"name": "Ada"}'))
    return found


def _value(key: str, text: str, schema: object) -> object:
    encoded = _utf8(key, text)
    kinds = _kinds(schema)
    if kinds - {"null"} == {"string"}:
        return text
    try:
        return msgspec.json.decode(encoded)
    except (msgspec.DecodeError, RecursionError) as error:
        if "string" in kinds:
            return text
        wanted = " or ".join(sorted(kinds))
        raise RequestRefused(
            f"{key}={plain(text[:60])}: must be JSON ({wanted}): {error}"
        ) from error


def _kinds(schema: object) -> set[str]:
    """The JSON types that a schema admits."""
    if not isinstance(schema, dict):
        return {"any"}
    if "type" in schema:
        kind = schema["type"]
        return {kind} if isinstance(kind, str) else set(kind)
    if "enum" in schema:
        return {"string" if isinstance(value, str) else "any" for value in schema["enum"]}
    alternatives = schema.get("anyOf") or [None]
    return set().union(*map(_kinds, alternatives))


def _utf8(what: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:  # bytes of the command line that were no text
        raise RequestRefused(f"{plain(what)} is not UTF-8") from error


def _unknown(key: str, known: Sequence[str]) -> str:
    takes = f"it takes {', '.join(known)}" if known else "it takes no arguments"
    return f"{plain(key)} is no argument of this tool: {takes}"
