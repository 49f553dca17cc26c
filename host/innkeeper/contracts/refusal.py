"""How a value that does not fit its type is told: where it is, what it is, which rule it breaks.

Decoders raise `Mismatch`; whoever holds the value in question adds the step that leads to it and
goes on with its siblings, so that a caller learns of several problems at once. All of it happens on
the way out: a value that fits pays nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from innkeeper.errors import RequestRefused

PROBLEMS_MAX: Final = 16
POINTER_CHARS_MAX: Final = 1_000  # a property name may be as long as the whole input
SHOWN_CHARS_MAX: Final = 60
SHOWN_NAMES_MAX: Final = 12

ABSENT: Final = object()  # stands in an object for a property that is not there

Step = str | int
Decoder = Callable[[object], object]  # a JSON value to plain data; raises Mismatch


class Problem(msgspec.Struct, frozen=True):
    """One value that does not fit, `path` leading to it from the outermost."""

    path: tuple[Step, ...]
    text: str

    def under(self, step: Step) -> Problem:
        """The same, seen from one level further out."""
        return Problem((step, *self.path), self.text)


class Mismatch(Exception):
    """A value does not fit its type; holds one problem or more."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems

    def under(self, step: Step) -> list[Problem]:
        """The problems, seen from one level further out."""
        return [problem.under(step) for problem in self.problems]


def mismatch(value: object, rule: str) -> Mismatch:
    """What to raise for a value that breaks `rule` ("is not a string")."""
    text = "is required" if value is ABSENT else f"{shown(value)} {rule}"
    return Mismatch([Problem((), text)])


def collect(problems: list[Problem], rest: Iterable[tuple[Step, Decoder, object]]) -> None:
    """Add the problems of what comes after the first that did not fit, until they are enough."""
    for step, decode, value in rest:
        if len(problems) >= PROBLEMS_MAX:
            return
        try:
            decode(value)
        except Mismatch as found:
            problems += found.under(step)


def refusal(problems: list[Problem]) -> RequestRefused:
    """The error for the caller; `details` has {"pointer", "message"} for each problem."""
    kept = problems[:PROBLEMS_MAX]
    details = [{"pointer": pointer(each.path), "message": each.text} for each in kept]
    first = details[0]
    more = f" (and {len(kept) - 1} more)" if len(kept) > 1 else ""
    where = first["pointer"] or "the arguments"
    return RequestRefused(f"{where}: {first['message']}{more}", details=details)


def pointer(path: Iterable[Step]) -> str:
    """The RFC 6901 pointer, to an ancestor of the value where the whole would be too long."""
    text = ""
    for step in path:
        token = str(step)
        if len(text) + len(token) > POINTER_CHARS_MAX:
            break
        text += "/" + token.replace("~", "~0").replace("/", "~1")
    return _encodable(text)


def shown(value: object) -> str:
    """A value as JSON for a message: short, on one line, encodable, and never costly to make."""
    if isinstance(value, str):
        cut = json.dumps(value[:SHOWN_CHARS_MAX], ensure_ascii=False)
        return _encodable(cut if len(value) <= SHOWN_CHARS_MAX else f'{cut[:-1]}…"')
    if value is None or isinstance(value, bool | float):
        return json.dumps(value)
    if isinstance(value, int):
        # str() of an int of thousands of digits is slow, and refused by Python beyond 4,300
        wide = value.bit_length() > 128
        return f"an integer of {value.bit_length()} bits" if wide else str(int(value))
    return _shape(value)


def _shape(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return f"an array of {len(value)}"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    return f"a {type(value).__name__}"


def shown_names(names: Iterable[str]) -> str:
    """Names that were possible, for a message; the first dozen of them."""
    names = list(names)
    cut = [shown(name)[1:-1] for name in names[:SHOWN_NAMES_MAX]]
    return ", ".join(cut) + (", …" if len(names) > len(cut) else "")


def _encodable(text: str) -> str:
    """The text with lone surrogates written as escapes: an error must be possible to send."""
    return text.encode("utf-8", "backslashreplace").decode()
