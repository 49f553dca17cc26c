"""Text for a terminal: tables, JSON, and nothing that a guest could steer the terminal with."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

EXIT_BROKEN_PIPE: Final = 141  # 128 + SIGPIPE, as the shell has it
_GAP: Final = "  "
_COLUMN_CHARS_MIN: Final = 20
# Legal in JSON, and obeyed by terminals: C1 controls and marks that turn the direction of writing.
_STEERING: Final = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """The text with every character that is not printable written out (`\\x1b`)."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def plain_lines(text: str) -> str:
    """As `plain`, line by line."""
    return "\n".join(plain(line) for line in text.splitlines())


def first_line(text: str) -> str:
    """The first line of a text that has one, plain."""
    return plain(text.strip().partition("\n")[0].rstrip())


def json_text(value: object) -> str:
    """A value as indented JSON; one that is no container is one line."""
    return _harmless(msgspec.json.format(msgspec.json.encode(value), indent=2))


def json_line(value: object) -> str:
    """A value as JSON on one line."""
    return _harmless(msgspec.json.encode(value))


def say(text: str) -> int:
    """Print at once; returns the exit code, which tells whether anybody reads.

    Once nobody does, nothing is printed any more.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        close_stdout()
        return EXIT_BROKEN_PIPE
    return 0


def close_stdout() -> None:
    """Let what is printed go nowhere, and what is in the buffer too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under a header; on a terminal the last one is cut to its width."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header) - 1)]
    room = _last_column_chars(sum(widths) + len(_GAP) * len(widths))
    return "\n".join(_line(line, widths, room) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int], room: int | None) -> str:
    last = cells[-1]
    if room is not None and len(last) > room:
        last = last[: room - 1] + "…"
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return _GAP.join([*padded, last]).rstrip()


def _last_column_chars(before: int) -> int | None:
    if not sys.stdout.isatty():
        return None
    return max(_COLUMN_CHARS_MIN, shutil.get_terminal_size().columns - before)


def _harmless(json: bytes) -> str:
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", json.decode())


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
