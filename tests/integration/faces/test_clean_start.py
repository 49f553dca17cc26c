"""What `innkeeper serve` prints on a machine that never saw it does what it says."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from guests import guest_file
from integration.faces.commands import INNKEEPER, started
from integration.faces.http_server import HttpServer, read_answer, serving
from integration.faces.processes import PATIENCE_S
from integration.faces.stdio_server import speaking


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home directory with nothing in it."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    """`innkeeper serve` by a user who has just installed it."""
    plugin = guest_file("echo", tmp_path_factory.mktemp("plugins"))
    logs = tmp_path_factory.mktemp("logs")
    with serving([plugin], logs, environ=bare_environment(home)) as started_server:
        yield started_server


def bare_environment(home: Path) -> dict[str, str]:
    """The environment of a fresh login."""
    return {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}


def test_the_state_is_made_where_the_user_keeps_such_things(server: HttpServer, home: Path) -> None:
    folder = home / ".local" / "state" / "innkeeper"
    assert folder.is_dir()
    assert (folder / "images" / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir()] == [".local"]


def test_the_printed_address_answers(server: HttpServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert server.get("/healthz").status == 200


def test_nothing_is_complained_of(server: HttpServer) -> None:
    assert server.log == ""


def test_the_printed_curl_line_calls_a_tool(server: HttpServer) -> None:
    [line] = [line for line in server.greeting.splitlines() if line.startswith("  curl ")]
    url, headers, body = read_curl(line)
    place = urlsplit(url)
    connection = HTTPConnection(place.netloc, timeout=PATIENCE_S)
    try:
        connection.request("POST", place.path, body, headers)
        answer = read_answer(connection)
    finally:
        connection.close()
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert answer.body


def read_curl(line: str) -> tuple[str, dict[str, str], str]:
    """The URL, headers and body of a curl command that posts; refuses what it does not know."""
    command, *words = shlex.split(line)
    assert command == "curl"
    given: dict[str, list[str]] = {"-H": [], "-d": [], "url": []}
    rest = iter(words)
    for word in rest:
        if word in given:
            given[word].append(next(rest))
        elif word != "-s":
            assert not word.startswith("-"), word
            given["url"].append(word)
    [url], [body] = given["url"], given["-d"]
    headers = dict(header.split(": ", 1) for header in given["-H"])
    return url, headers, body


def test_the_printed_mcp_lines_start_a_server(
    server: HttpServer, home: Path, tmp_path: Path
) -> None:
    entry = json.loads(server.greeting[server.greeting.index("  {") :])["mcpServers"]["innkeeper"]
    command = [entry["command"], *entry["args"]]
    with speaking(command, bare_environment(home), log=tmp_path / "log") as client:
        assert client.initialize()["serverInfo"]["name"] == "innkeeper"
        tools = client.request("tools/list", {})["result"]["tools"]
        assert {"echo.echo", "hello.greet"} <= {tool["name"] for tool in tools}
        result = client.call("echo.echo", {"text": "ada"})["result"]
        assert result["structuredContent"] == {"result": "ada"}


def test_a_port_that_is_taken_is_said_in_a_line(server: HttpServer, home: Path) -> None:
    command = [INNKEEPER, "serve", "--bind", f"127.0.0.1:{server.port}"]
    with started(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=bare_environment(home),
    ) as process:
        _, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode != 0
    assert str(server.port) in stderr.decode()
    assert "Traceback" not in stderr.decode()
