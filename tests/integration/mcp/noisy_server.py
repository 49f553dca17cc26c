"""A server on its own standard streams whose tools misuse them: run by test_mcp_process."""

from collections.abc import Mapping
from functools import partial

import trio
from unit.mcp.mcp_fakes import FakeHost, make_tool

from innkeeper.mcp.stdio import serve_stdio


async def chatter(_: Mapping[str, object]) -> object:
    print("this is not JSON")
    print("nor is this", flush=True)
    await trio.run_process(["echo", "a child speaks"])
    return "said"


async def eavesdrop(_: Mapping[str, object]) -> object:
    child = await trio.run_process(["cat"], stdin=None, capture_stdout=True)
    return child.stdout.decode()


def main() -> None:
    host = FakeHost()
    host.add(make_tool("noisy.chatter"), chatter)
    host.add(make_tool("noisy.eavesdrop"), eavesdrop)
    trio.run(partial(serve_stdio, host, version="1.2.3"))


main()
