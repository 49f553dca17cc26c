"""Errors as the command line shows them: one line on stderr, or one object of JSON."""

from __future__ import annotations

import sys
import traceback
from typing import Final

import msgspec

from innkeeper.cli.text import plain
from innkeeper.errors import CODES, HostError, PluginFault

MESSAGE_CHARS_MAX: Final = 4096  # a guest may have written it

# What to do about it, where the message cannot know: it is the same for all of a code.
REMEDIES: Final = {
    "import_unsatisfied": "`innkeeper plugin show FILE` lists what it imports and what is served",
    "deadline_exceeded": "give it longer with --deadline, within its manifest's limits.wall_s",
    "memory_limit": "raise limits.memory_bytes_max in its manifest",
    "fuel_exhausted": "raise limits.fuel_max in its manifest",
    "output_too_large": "raise limits.output_bytes_max in its manifest",
    "host_calls_exceeded": "raise limits.host_calls_max or host_calls_per_s in its manifest",
    "rate_limited": "try again later, or raise limits.concurrency_max in its manifest",
    "manifest_invalid": "correct plugin.toml and build the component again",
}


class Problem(msgspec.Struct, frozen=True):
    """An error as problem details (RFC 9457), with the same members as over HTTP."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    kind: str | msgspec.UnsetType = msgspec.UNSET
    details: object = msgspec.UNSET


def report(error: Exception, *, as_json: bool = False) -> int:
    """Print an error on stderr; returns the exit code that belongs to it.

    What is no HostError is a fault of ours: it is shown with its traceback, as internal_error.
    """
    found = host_error(error)
    if found is None:
        traceback.print_exception(error, file=sys.stderr)
        print(f"internal_error: {plain(repr(error))}", file=sys.stderr)
        return CODES["internal_error"].exit
    print(_problem_json(found) if as_json else _lines(found), file=sys.stderr)
    return found.row.exit


def host_error(error: BaseException) -> HostError | None:
    """The HostError that this is, or that a group of errors holds; None where another is in it."""
    if isinstance(error, BaseExceptionGroup):
        found = [host_error(inner) for inner in error.exceptions]
        return found[0] if None not in found else None
    return error if isinstance(error, HostError) else None


def is_interrupt(error: BaseException) -> bool:
    """Whether this is Ctrl-C, alone or in a group."""
    if isinstance(error, BaseExceptionGroup):
        return any(is_interrupt(inner) for inner in error.exceptions)
    return isinstance(error, KeyboardInterrupt)


def problem(error: HostError) -> Problem:
    """An error of the table as problem details."""
    row = error.row
    has_details = error.details is not None or row.code == "tool_error"
    return Problem(
        type=f"urn:innkeeper:problem:{row.code}",
        title=row.code.replace("_", " ").capitalize(),
        status=row.http,
        detail=_encodable(str(error)[:MESSAGE_CHARS_MAX]),
        code=row.code,
        retryable=row.retryable,
        kind=error.kind if isinstance(error, PluginFault) else msgspec.UNSET,
        details=error.details if has_details else msgspec.UNSET,
    )


def _problem_json(error: HostError) -> str:
    return msgspec.json.encode(problem(error), enc_hook=repr).decode()


def _lines(error: HostError) -> str:
    message = plain(" ".join(str(error).split()))[:MESSAGE_CHARS_MAX]
    remedy = REMEDIES.get(error.code)
    return f"{error.code}: {message}" + (f"\n  remedy: {remedy}" if remedy else "")


def _encodable(text: str) -> str:
    """Without lone surrogates, which stand for a file name's bytes that are not UTF-8."""
    return text.encode("utf-8", "replace").decode()
