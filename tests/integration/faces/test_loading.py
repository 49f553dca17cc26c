"""What loads, and what a guest says meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any  # JSON

import pytest
from guests import guest, guest_file
from integration.faces.commands import run
from integration.faces.http_server import HttpServer, serving

from innkeeper.errors import CODES

FLIPS = 40


@pytest.fixture(scope="module")
def flipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    """A server that was given 40 components with one bit wrong, and a good one."""
    directory = tmp_path_factory.mktemp("flipped")
    files = [flipped_file(number, directory) for number in range(FLIPS)]
    with serving([*files, guest_file("echo", directory)], directory) as server:
        yield server


def flipped_file(number: int, directory: Path) -> Path:
    """The guest `echo` with one bit flipped, the same one each time for a number."""
    data = bytearray(guest("echo"))
    place = Random(number).randrange(8 * len(data))
    data[place // 8] ^= 1 << (place % 8)
    path = directory / f"flipped-{number}.wasm"
    path.write_bytes(data)
    return path


def test_a_component_with_a_flipped_bit_is_refused_with_a_code_or_served(
    flipped: HttpServer,
) -> None:
    served = {tool["plugin"] for tool in tools(flipped)}
    for number in range(FLIPS):
        name = f"flipped-{number}"
        [*refusals] = [line for line in flipped.log.splitlines() if f" {name} is not" in line]
        codes = [line.split(": ")[2] for line in refusals]
        assert bool(codes) != (name in served), name
        assert set(codes) <= {"component_invalid", "component_unsupported", "import_unsatisfied"}
    assert 0 < len(served) - 2 < FLIPS  # beside echo and hello: some are served, some are not


def test_a_tool_with_a_flipped_bit_answers_with_a_value_or_a_code(flipped: HttpServer) -> None:
    wrong = [tool for tool in tools(flipped) if tool["plugin"].startswith("flipped-")]
    assert len(wrong) > 0
    for tool in wrong:
        answer = flipped.invoke(tool["id"], arguments(tool["input_schema"]))
        if answer.status != 200:
            assert isinstance(answer.body, dict)
            assert CODES[answer.body["code"]].http == answer.status
    assert flipped.invoke("echo.echo", {"text": "ada"}).body == "ada"


def tools(server: HttpServer) -> list[dict[str, Any]]:
    """The tools that a server has, with their schemas."""
    listed = server.get("/tools").body
    assert isinstance(listed, dict)
    return list(listed["items"])


def arguments(schema: dict[str, Any]) -> dict[str, object]:
    """Arguments that fit a tool of the guest `echo`."""
    examples: dict[str, object] = {"string": "x", "integer": 1}
    return {
        name: examples.get(str(entry.get("type")), 1)
        for name, entry in schema["properties"].items()
    }


def test_a_guest_may_write_to_the_log_but_not_steer_the_terminal(
    tmp_path: Path, state: Path
) -> None:
    file = guest_file("log-once", tmp_path)
    done = run("call", "log-once.tell", "--plugin", str(file), state=state)
    assert (done.code, json.loads(done.stdout)) == (0, 24)
    assert done.stderr == "WARNING: hello\\n from a \\x1b[31mguest\n"
