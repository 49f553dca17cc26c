"""The TOML of a manifest, read without trust: bounded time, bounded memory, one kind of error.

The standard library's parser takes time that grows with the square of a dotted key's length, so
texts with long ones are turned away before it sees them; a manifest needs no key of three parts.
"""

from __future__ import annotations

import math
import re
from typing import Final

from innkeeper.errors import ManifestError

TEXT_BYTES_MAX: Final = 256 * 1024
LINE_DOTS_MAX: Final = 4  # outside strings and comments
INTEGER_MAX: Final = 2**53 - 1  # what every JSON reader keeps exactly
VALUE_CHARS_MAX: Final = 60

# Strings and comments (TOML 1.0). What is not closed runs on, so that each scan moves forward.
_OPAQUE: Final = (
    r'(?s)"""(?:[^\\]|\\.)*?(?:"{3,5}|\\?\Z)'
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*"
)


def read_toml(text: str | bytes | memoryview) -> dict[str, object]:
    """The tables of a manifest's text.

    Raises ManifestError (manifest_invalid) where it is too long, not UTF-8, not TOML, or holds a
    number that is not finite or beyond 53 bits.
    """
    # Imported here: without a manifest the start is 2 ms shorter.
    import tomllib

    decoded = _decoded(text)
    _check_dots(decoded)
    try:
        tables = tomllib.loads(decoded)
    except ValueError as error:  # TOMLDecodeError, or an integer of thousands of digits
        raise ManifestError(f"plugin.toml is not TOML: {error}") from error
    except RecursionError as error:
        raise ManifestError("plugin.toml is nested too deeply") from error
    _check_numbers(tables)
    return tables


def shown(value: object) -> str:
    """A value of a manifest as an error message shows it: one short line."""
    if isinstance(value, str):
        cut = value if len(value) <= VALUE_CHARS_MAX else value[:VALUE_CHARS_MAX] + "…"
        return ascii(cut) if not cut.isprintable() else f'"{cut}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        return "a table"
    return "an array" if isinstance(value, list) else "a date or time"


def shown_key(key: str) -> str:
    """A key as TOML writes it: bare, or quoted where it has to be."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", key) else shown(key)


def _decoded(text: str | bytes | memoryview) -> str:
    encoded = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(encoded) > TEXT_BYTES_MAX:
        raise ManifestError(
            f"plugin.toml has {len(encoded)} bytes, at most {TEXT_BYTES_MAX} are read"
        )
    try:
        return str(encoded, "utf-8")
    except UnicodeDecodeError as error:
        raise ManifestError(f"plugin.toml is not UTF-8 at byte {error.start}") from error


def _check_dots(text: str) -> None:
    for number, line in enumerate(re.sub(_OPAQUE, _newlines, text).split("\n"), start=1):
        if line.count(".") > LINE_DOTS_MAX:
            raise ManifestError(f"plugin.toml: line {number} has more than {LINE_DOTS_MAX} dots")


def _newlines(opaque: re.Match[str]) -> str:
    return "\n" * opaque[0].count("\n")


def _check_numbers(tables: dict[str, object]) -> None:
    waiting: list[tuple[str, object]] = [(shown_key(key), below) for key, below in tables.items()]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{path}.{shown_key(key)}", below) for key, below in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}[{index}]", below) for index, below in enumerate(value)]
        elif isinstance(value, float) and not math.isfinite(value):
            raise ManifestError(f"plugin.toml: {path} = {value}: must be a finite number")
        elif isinstance(value, int) and abs(value) > INTEGER_MAX:
            raise ManifestError(f"plugin.toml: {path} is an integer beyond 53 bits")
