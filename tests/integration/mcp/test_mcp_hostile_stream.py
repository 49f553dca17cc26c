"""Whatever comes down the pipe, and however it is cut, the server goes on to answer."""

import json
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from integration.mcp.stdio_client import call, cancelled, ping, serving
from unit.mcp.mcp_fakes import FakeHost

from innkeeper.mcp.limits import Limits

LIMITS = Limits(message_bytes_max=200, in_flight_max=2, waiting_max=2, output_bytes_max=500)

requests = st.one_of(
    st.builds(call, st.integers(0, 3), st.sampled_from(["echo.echo", "no.such"]), text=st.text()),
    st.builds(ping, st.integers(0, 3)),
    st.builds(cancelled, st.integers(0, 3)),
)
lines = st.one_of(
    st.binary(max_size=400),
    requests.map(lambda message: json.dumps({"jsonrpc": "2.0", **message}).encode()),
)
streams = st.lists(lines, max_size=12).map(b"\n".join)


def drive(stream: bytes, cuts: list[int]) -> list[dict[str, Any]]:
    """Everything that the server says to `stream`, and to a last ping."""

    async def run() -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = []
        async with serving(FakeHost(), limits=LIMITS) as client, trio.open_nursery() as nursery:

            async def write() -> None:
                at = 0
                for size in cuts:
                    await client.write(stream[at : at + size])
                    await trio.lowlevel.checkpoint()
                    at += size
                await client.write(stream[at:] + b"\n")
                await client.send(ping("last"))

            nursery.start_soon(write)
            while not said or said[-1]["id"] != "last":
                said.append(await client.receive())
        return said

    return trio.run(run)


@given(stream=streams, cuts=st.lists(st.integers(0, 100), max_size=6))
def test_any_stream_is_survived(stream: bytes, cuts: list[int]) -> None:
    said = drive(stream, cuts)
    assert said[-1] == {"jsonrpc": "2.0", "id": "last", "result": {}}


@pytest.mark.soak
@given(stream=streams, cuts=st.lists(st.integers(0, 100), max_size=6))
def test_any_stream_is_survived_for_long(stream: bytes, cuts: list[int]) -> None:
    assert drive(stream, cuts)
