"""A server as a client starts it: a process with pipes for its standard streams."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.mcp.stdio_client import call
from unit.mcp.mcp_fakes import Message, parse

TESTS = Path(__file__).parents[2]
SERVER = Path(__file__).with_name("noisy_server.py")


class Process(subprocess.Popen[bytes]):
    """The server; requests and answers alternate."""

    def __init__(self) -> None:
        paths = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        super().__init__(
            [sys.executable, str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
        )

    def ask(self, message: Message) -> Message:
        """The next line that the server writes after `message`."""
        assert self.stdin is not None
        assert self.stdout is not None
        self.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.stdin.flush()
        return parse(self.stdout.readline().rstrip(b"\n"))


@pytest.fixture
def process() -> Iterator[Process]:
    with Process() as process:
        yield process
        process.kill()


def test_what_tools_print_never_reaches_the_client(process: Process) -> None:
    for n in range(3):
        assert process.ask(call(n, "noisy.chatter"))["id"] == n
    rest, noise = process.communicate()
    assert rest == b""
    assert noise.count(b"this is not JSON") == 3
    assert noise.count(b"a child speaks") == 3


def test_a_child_of_the_server_cannot_read_what_the_client_writes(process: Process) -> None:
    answer = process.ask(call(1, "noisy.eavesdrop"))
    assert answer["result"]["structuredContent"] == {"result": ""}


def test_closing_its_input_ends_the_process_with_success(process: Process) -> None:
    process.ask(call(1))
    rest, noise = process.communicate()
    assert (rest, noise, process.returncode) == (b"", b"", 0)


def test_closing_its_output_ends_the_process_with_success(process: Process) -> None:
    process.ask(call(1))
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.close()
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **call(2)}).encode() + b"\n")
    process.stdin.flush()
    assert process.wait(timeout=30) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""


def test_an_interrupt_ends_it_as_it_ends_any_program(process: Process) -> None:
    process.ask(call(1))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == -signal.SIGINT
