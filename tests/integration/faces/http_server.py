"""`innkeeper serve` on a free port, and a client of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import msgspec
from integration.faces.commands import INNKEEPER, environment, plugin_options, started
from integration.faces.processes import PATIENCE_S, wait_until

JSON = {"content-type": "application/json"}


class Answer(msgspec.Struct, frozen=True):
    """One answer, its body decoded."""

    status: int
    content_type: str
    body: object


class HttpServer:
    """A server that runs, all its plugins loaded or refused."""

    def __init__(self, process: subprocess.Popen[bytes], greeting: str, log: Path) -> None:
        self.pid = process.pid
        self.process = process
        self.greeting = greeting
        self.url = greeting.partition("\n")[0].rpartition(" ")[2]
        self._log = log
        self.port = int(self.url.rpartition(":")[2])

    @property
    def log(self) -> str:
        """What it has written to stderr."""
        return self._log.read_text()

    def connect(self) -> HTTPConnection:
        """A connection, for the caller to close."""
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)

    def get(self, path: str) -> Answer:
        """GET."""
        return self._exchange("GET", path, None)

    def invoke(self, tool: str, arguments: dict[str, object]) -> Answer:
        """Call a tool."""
        return self._exchange("POST", f"/tools/{tool}:invoke", json.dumps(arguments))

    def begin(self, tool: str, arguments: dict[str, object]) -> HTTPConnection:
        """Ask for a call without waiting for its answer; the connection is the caller's."""
        connection = self.connect()
        connection.request("POST", f"/tools/{tool}:invoke", json.dumps(arguments), JSON)
        return connection

    def _exchange(self, method: str, path: str, body: str | None) -> Answer:
        connection = self.connect()
        try:
            connection.request(method, path, body, JSON if body is not None else {})
            return read_answer(connection)
        finally:
            connection.close()


def read_answer(connection: HTTPConnection) -> Answer:
    """The answer to the request that was sent."""
    response = connection.getresponse()
    return Answer(
        response.status, response.getheader("content-type", ""), json.loads(response.read())
    )


@contextmanager
def serving(
    files: Sequence[Path], directory: Path, *, environ: Mapping[str, str] | None = None
) -> Iterator[HttpServer]:
    """Serve the plugins in those files and the default ones; its output goes to `directory`.

    So does its state, unless another environment says where.
    """
    out, log = directory / "serve.out", directory / "serve.log"
    command = [INNKEEPER, "serve", "--bind", "127.0.0.1:0", *plugin_options(files)]
    environ = environ or environment(directory / "state")
    with (
        out.open("wb") as stdout,
        log.open("wb") as stderr,
        started(command, stdout=stdout, stderr=stderr, env=environ) as process,
    ):
        wait_until(
            lambda: out.read_text().endswith("  }\n"),
            what=f"innkeeper serve has not greeted: see {log}",
        )
        yield HttpServer(process, out.read_text(), log)
