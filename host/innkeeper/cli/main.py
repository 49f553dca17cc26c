"""The command `innkeeper`: what it was told goes to a command, what went wrong to stderr.

An exit code is a command's own, else the one of the error table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final

from innkeeper.cli.problems import is_interrupt, report
from innkeeper.cli.text import EXIT_BROKEN_PIPE, close_stdout
from innkeeper.errors import CODES

EXIT_USAGE: Final = CODES["validation_failed"].exit
EXIT_CANCELLED: Final = CODES["cancelled"].exit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code of the process."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a character must not end us
            stream.reconfigure(errors="backslashreplace")
    return _guarded(lambda: _dispatch(given))


def _dispatch(given: list[str]) -> int:
    # Imported as they are needed: a client has its MCP server 6 ms earlier without click, and
    # help is there 150 ms earlier without a host.
    if given[:2] == ["mcp", "serve"]:
        from innkeeper.cli.mcp_stdio import plain_options, run

        place = plain_options(given[2:])
        if place is not None:
            return run(place)
    from innkeeper.cli.tree import run_command

    return run_command(given, usage_exit=EXIT_USAGE)


def _guarded(work: Callable[[], int]) -> int:
    try:
        code = work()
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read our output has enough
        close_stdout()
        return EXIT_BROKEN_PIPE
    except Exception as error:
        return report(error)
    except BaseException as error:
        if is_interrupt(error):
            return EXIT_CANCELLED
        raise
