"""`innkeeper serve` and `innkeeper mcp serve`: up, as they say, and down in good order."""

import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from socket import create_connection
from typing import Any

import httpx
import msgspec
import pytest
from guests import guest_file
from integration.cli.commands import Commands, Running

from innkeeper.errors import CODES

ANYWHERE = ("--bind", "127.0.0.1:0")
ENDLESS = (
    b"POST /tools/loop.endless:invoke HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
)
SIGNALS = [signal.SIGINT, signal.SIGTERM]
# Each of these costs tens of milliseconds, and a client waits for its server.
IMPORTED = """
import sys
from innkeeper.cli.main import main
main(["mcp", "serve"])
faces = ("click", "hypercorn", "starlette", "jsonschema_rs")
others = ("numpy", "opentelemetry.sdk", "wasmtime", "importlib.metadata")
print([name for name in (*faces, *others) if name in sys.modules])
"""
INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


def address(command: Running) -> str:
    """Where it says that it serves."""
    return command.line_with("http://").rpartition(" ")[2]


def ask(command: Running, method: str, params: Mapping[str, object]) -> Any:
    """The result of one request over MCP."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    command.send(msgspec.json.encode(request).decode())
    return msgspec.json.decode(command.line())["result"]


def test_the_address_that_is_printed_answers(commands: Commands) -> None:
    with commands.running("serve", *ANYWHERE) as command:
        url = address(command)
        answer = httpx.post(f"{url}/tools/hello.greet:invoke", json={"name": "Ada"})
        assert (answer.status_code, answer.json()) == (200, "Hello, Ada!")


def test_the_curl_line_that_is_printed_calls_a_tool(commands: Commands) -> None:
    with commands.running("serve", *ANYWHERE) as command:
        line = shlex.split(command.line_with("curl"))
        done = subprocess.run([*line, "--fail"], capture_output=True, check=True)
        msgspec.json.decode(done.stdout)


def test_the_lines_for_an_mcp_client_start_a_server(commands: Commands, tmp_path: Path) -> None:
    file = guest_file("echo", tmp_path)
    with commands.running("serve", *ANYWHERE, "--plugin", file) as command:
        command.line_with("Connect an MCP client")
        command.line()
        lines = [command.line()]
        while lines[-1] != "  }":
            lines.append(command.line())
    entry = msgspec.json.decode("\n".join(lines))["mcpServers"]["innkeeper"]
    assert entry["args"] == ["mcp", "serve", "--plugin", str(file)]
    done = subprocess.run([entry["command"], *entry["args"]], input=b"", env=commands.environment)
    assert done.returncode == 0


@pytest.mark.parametrize("sent", SIGNALS)
def test_a_signal_stops_the_http_server_in_good_order(
    commands: Commands, sent: signal.Signals
) -> None:
    with commands.running("serve", *ANYWHERE) as command:
        address(command)
        done = command.finish(sent)
    assert done.code == 0
    assert done.err.startswith("Stopping: ")


def test_a_second_ctrl_c_does_not_wait_for_running_calls(
    commands: Commands, tmp_path: Path
) -> None:
    file = guest_file("loop", tmp_path)
    with commands.running("serve", *ANYWHERE, "--plugin", file) as command:
        host, _, port = address(command).removeprefix("http://").partition(":")
        command.line_with("mcpServers")
        with create_connection((host, int(port))) as client:
            client.sendall(ENDLESS)
            command.wait_until_it_computes()
            command.send_signal(signal.SIGINT)
            assert command.error_line().startswith("Stopping: ")
            done = command.finish(signal.SIGINT)
    assert done.code == CODES["cancelled"].exit


def test_a_server_goes_on_when_nobody_reads_what_it_prints(commands: Commands) -> None:
    with commands.running("serve", *ANYWHERE) as command:
        url = address(command)
        command.close_output()
        for _ in range(3):
            assert httpx.get(f"{url}/healthz").status_code in (200, 503)
        done = command.finish(signal.SIGTERM)
    assert (done.code, done.err.count("\n")) == (0, 1)


def test_an_address_that_is_taken_is_unavailable(commands: Commands) -> None:
    with commands.running("serve", *ANYWHERE) as command:
        taken = address(command).removeprefix("http://")
        done = commands.run("serve", "--bind", taken)
    assert done.code == CODES["unavailable"].exit
    assert done.err.startswith("unavailable: ")


@pytest.mark.parametrize(
    ("bind", "code"), [("nonsense", "validation_failed"), ("0.0.0.0:0", "policy_denied")]
)
def test_an_address_that_cannot_be_served_is_refused(
    commands: Commands, bind: str, code: str
) -> None:
    done = commands.run("serve", "--bind", bind)
    assert (done.code, done.err.partition(":")[0]) == (CODES[code].exit, code)


@pytest.mark.parametrize("face", [("serve", *ANYWHERE), ("mcp", "serve")], ids=" ".join)
def test_a_plugin_file_that_is_not_there_stops_the_start(
    commands: Commands, face: tuple[str, ...]
) -> None:
    done = commands.run(*face, "--plugin", "nowhere.wasm")
    assert (done.code, done.out) == (CODES["not_found"].exit, "")


def test_a_plugin_that_does_not_load_leaves_the_others_served(
    commands: Commands, tmp_path: Path
) -> None:
    file = guest_file("wants-wasi", tmp_path)
    with commands.running("serve", *ANYWHERE, "--plugin", file) as command:
        command.line_with("hello")
        done = command.finish(signal.SIGTERM)
    assert done.code == 0
    assert "import_unsatisfied" in done.err


def test_mcp_is_served_until_the_client_leaves(commands: Commands) -> None:
    with commands.running("mcp", "serve") as command:
        assert ask(command, "initialize", INITIALIZE)["serverInfo"]["name"] == "innkeeper"
        called = {"name": "hello.greet", "arguments": {"name": "Ada"}}
        result = ask(command, "tools/call", called)
        assert result["structuredContent"] == {"result": "Hello, Ada!"}
        done = command.finish()
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize("sent", SIGNALS)
def test_a_signal_stops_the_mcp_server(commands: Commands, sent: signal.Signals) -> None:
    with commands.running("mcp", "serve") as command:
        ask(command, "initialize", INITIALIZE)
        done = command.finish(sent)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_the_form_that_click_reads_serves_too(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "-").mkdir()
    with commands.running("mcp", "serve", "--state", tmp_path / "-", "--") as command:
        ask(command, "initialize", INITIALIZE)
        assert command.finish().code == 0
    assert (tmp_path / "-" / "images").is_dir()


def test_a_quick_start_imports_no_more_than_it_serves(commands: Commands) -> None:
    call = {"name": "hello.greet", "arguments": {"name": "Ada"}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED],
        input=msgspec.json.encode(request) + b"\n",
        capture_output=True,
        env=commands.environment,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == b"[]"
