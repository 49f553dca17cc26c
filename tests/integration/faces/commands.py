"""The command `innkeeper` as its users start it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import msgspec
from integration.faces.processes import PATIENCE_S

INNKEEPER = str(Path(sys.executable).with_name("innkeeper"))


class Outcome(msgspec.Struct, frozen=True):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


def run(*arguments: str, state: Path, patience_s: float = PATIENCE_S) -> Outcome:
    """Run a command to its end."""
    done = subprocess.run(
        [INNKEEPER, *arguments],
        env=environment(state),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience_s,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def environment(state: Path) -> dict[str, str]:
    """This process's environment, with the state of its own and no settings of anybody's."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("INNKEEPER_")}
    home = state.parent
    return {**kept, "INNKEEPER_STATE": str(state), "HOME": str(home), "XDG_CONFIG_HOME": str(home)}


def plugin_options(files: Sequence[Path]) -> list[str]:
    """`--plugin FILE` for each file."""
    return [word for file in files for word in ("--plugin", str(file))]


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is gone, with its pipes, when the block ends; the options are Popen's."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                _close(pipe)


def _close(pipe: IO[bytes]) -> None:
    with suppress(BrokenPipeError):  # what was not read by a process that is gone
        pipe.close()
