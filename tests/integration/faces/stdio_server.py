"""`innkeeper mcp serve`, and a client of it: lines of JSON, matched by their ids."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any  # JSON

from integration.faces.commands import INNKEEPER, environment, plugin_options, started
from integration.faces.processes import PATIENCE_S

REVISION = "2025-11-25"


class StdioServer:
    """A server, to be initialized first."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.pid = process.pid
        self._log = log
        self._ids = count(1)
        self._answers: dict[int, dict[str, Any]] = {}
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def initialize(self) -> dict[str, Any]:
        """Open the conversation; how the server introduces itself."""
        about: dict[str, object] = {
            "protocolVersion": REVISION,
            "capabilities": {},
            "clientInfo": {"name": "tests", "version": "1"},
        }
        introduction: dict[str, Any] = self.request("initialize", about)["result"]
        self.notify("notifications/initialized", {})
        return introduction

    @property
    def log(self) -> str:
        """What it has written to stderr."""
        return self._log.read_text()

    def call(self, tool: str, arguments: dict[str, object]) -> dict[str, Any]:
        """Call a tool; the whole response."""
        return self.request("tools/call", {"name": tool, "arguments": arguments})

    def request(self, method: str, params: dict[str, object]) -> dict[str, Any]:
        """Ask, and wait for the response."""
        return self.answer(self.begin(method, params))

    def begin(self, method: str, params: dict[str, object]) -> int:
        """Ask; the id of the request."""
        request_id = next(self._ids)
        self._send({"id": request_id, "method": method, "params": params})
        return request_id

    def answer(self, request_id: int) -> dict[str, Any]:
        """Wait for the response to a request."""
        while request_id not in self._answers:
            message = json.loads(self._lines.get(timeout=PATIENCE_S))
            if "id" in message:
                self._answers[message["id"]] = message
        return self._answers.pop(request_id)

    def has_answered(self, request_id: int) -> bool:
        """Whether a response to a request came before one to a ping that is sent now."""
        self.request("ping", {})
        return request_id in self._answers

    def notify(self, method: str, params: dict[str, object]) -> None:
        """Say something that is not answered."""
        self._send({"method": method, "params": params})

    def stop(self) -> None:
        """End the process, and wait until all that it said is read."""
        self.process.kill()
        self._reader.join(PATIENCE_S)

    def _send(self, message: dict[str, object]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)


@contextmanager
def serving_stdio(files: Sequence[Path], directory: Path) -> Iterator[StdioServer]:
    """Serve the plugins in those files and the default ones, the state in `directory`."""
    command = [INNKEEPER, "mcp", "serve", *plugin_options(files)]
    environ = environment(directory / "state")
    with speaking(command, environ, log=directory / "mcp.log") as server:
        server.initialize()
        yield server


@contextmanager
def speaking(
    command: Sequence[str], environ: Mapping[str, str], *, log: Path
) -> Iterator[StdioServer]:
    """Speak to the server that a command starts; its stderr goes to `log`."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        log.open("wb") as stderr,
        started(command, **pipes, stderr=stderr, env=environ) as process,
    ):
        server = StdioServer(process, log)
        try:
            yield server
        finally:
            server.stop()
