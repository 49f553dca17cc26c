"""Real guests behind the face: what they do wrong, and how they end."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from guests import guest
from integration.http_api.served import PATIENCE_S, Served, serving

from innkeeper.host import Host, open_host
from innkeeper.settings import Settings

GUESTS = ("echo", "loop", "recursion", "aliases", "unreachable", "result-error")


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with open_host(tmp_path, Settings(call_log=False)) as host:
        for name in GUESTS:
            await host.load(guest(name), name=name)
        yield host


async def test_a_guest_is_called_and_shown(host: Host) -> None:
    async with serving(host) as served, served.client() as client:
        answer = await client.post("/tools/echo.echo:invoke", json={"text": "hä"})
        assert (answer.status_code, answer.json()) == (200, "hä")
        shown = (await client.get("/tools/echo.echo")).json()
        assert shown["input_schema"]["properties"] == {"text": {"type": "string"}}


@pytest.mark.parametrize(
    ("tool", "arguments", "status", "code"),
    [
        ("echo.echo", {}, 400, "validation_failed"),
        ("echo.echo", {"text": 1}, 400, "validation_failed"),
        ("echo.nobody", {}, 404, "not_found"),
        ("loop.endless", {}, 504, "deadline_exceeded"),
        ("recursion.dive", {}, 502, "trap"),
        ("unreachable.fail", {}, 502, "trap"),
        ("aliases.aliases", {"n": 500, "size": 1 << 20}, 507, "output_too_large"),
        ("result-error.divide", {"a": 1, "b": 0}, 422, "tool_error"),
    ],
)
async def test_what_goes_wrong_in_a_guest_is_told_by_its_code(
    host: Host, tool: str, arguments: dict[str, object], status: int, code: str
) -> None:
    deadline = {"x-innkeeper-deadline-ms": "300"}
    async with serving(host) as served, served.client() as client:
        answer = await client.post(f"/tools/{tool}:invoke", json=arguments, headers=deadline)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        again = await client.post("/tools/echo.echo:invoke", json={"text": "well"})
        assert again.json() == "well"


async def test_a_guest_that_loops_ends_when_its_client_leaves(host: Host) -> None:
    async with serving(host) as served:
        await start_loop_and_leave(served)
        with trio.fail_after(PATIENCE_S):
            # A loop takes a whole core: half a second of rest means that nothing runs any more.
            while await cpu_s_within(0.5) > 0.25:
                pass


async def start_loop_and_leave(served: Served) -> None:
    body = b"{}"
    async with await served.connect() as stream:
        await stream.send_all(
            b"POST /tools/loop.endless:invoke HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nX-Innkeeper-Deadline-Ms: 60000\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        while await cpu_s_within(0.2) < 0.05:
            pass


async def cpu_s_within(seconds: float) -> float:
    before_s = time.process_time()
    await trio.sleep(seconds)
    return time.process_time() - before_s
