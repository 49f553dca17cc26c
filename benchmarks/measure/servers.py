"""The servers that are measured as whole processes: ours and those beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.measure.guests import guest_file

PEERS: Final = Path(__file__).parents[1] / "peers"
INNKEEPER: Final = Path(sys.executable).parent / "innkeeper"
STOP_S_MAX: Final = 10.0
# Without bytecode a start compiles each source that is not installed; the warm-up writes it.
NOT_INHERITED: Final = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


class Commands:
    """The command lines of the servers; ours keep their state in `folder`, and serve `echo`."""

    def __init__(self, folder: Path) -> None:
        self._options = ["--state", str(folder / "state"), "--plugin", str(_echo(folder))]

    def our_mcp(self) -> list[str]:
        """`innkeeper mcp serve`."""
        return [str(INNKEEPER), "mcp", "serve", *self._options]

    def our_http(self, bind: str) -> list[str]:
        """`innkeeper serve`."""
        return [str(INNKEEPER), "serve", "--bind", bind, *self._options]

    def peer(self, program: str, *arguments: str) -> list[str]:
        """A program of `benchmarks/peers`."""
        return [sys.executable, str(PEERS / f"{program}.py"), *arguments]


@contextmanager
def commands() -> Iterator[Commands]:
    """The command lines, with a state of their own: compiled images stay until the end."""
    with TemporaryDirectory(prefix="innkeeper-bench-") as folder:
        yield Commands(Path(folder))


@contextmanager
def running(command: list[str], *, piped: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """The process of a command; it is gone when the block ends."""
    pipe = subprocess.PIPE if piped else subprocess.DEVNULL
    environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def free_address() -> tuple[str, int]:
    """An address of this machine that nobody listens at now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        host, port = sock.getsockname()
        return str(host), int(port)


def _echo(folder: Path) -> Path:
    return guest_file("echo", folder)
