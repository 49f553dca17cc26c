"""A host that guests try to fill with memory; a process of its own, so that its peak is theirs.

    python -m benchmarks.peers.bombs memory|aliases

Prints a JSON object: `before_mib`, `peak_mib` of resident memory, `workers` of the host, and
`codes`, what became of each call.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Final

import msgspec
import trio

from benchmarks.measure.guests import component, guest
from benchmarks.measure.ours import temporary_host
from benchmarks.measure.process import peak_rss_bytes, rss_bytes
from innkeeper.engine.drive import workers
from innkeeper.errors import HostError
from innkeeper.host import Host

# Takes its memory page by page and writes to all of it, so that every byte is resident.
GREEDY: Final = """
(component
  (core module $code
    (memory 1)
    (func (export "take") (result i32)
      (local $page i32)
      (block $refused
        (loop $again
          (br_if $refused
            (i32.eq (local.tee $page (memory.grow (i32.const 1))) (i32.const -1)))
          (memory.fill
            (i32.shl (local.get $page) (i32.const 16)) (i32.const 1) (i32.const 65536))
          (br $again)))
      (memory.size)))
  (core instance $i (instantiate $code))
  (func (export "take") (result u32) (canon lift (core func $i "take"))))
"""
PAGES_MAX: Final = 1024  # 64 MiB
MEMORY_CALLS: Final = 8
ALIAS_PLUGINS: Final = 4  # each with as many calls as one plugin may have at once
ALIAS_CALLS_EACH: Final = 8
ALIASES: Final = {"n": 120, "size": 1 << 20}  # lifts to 125 MB; a little more, and wasmtime refuses
# Copying takes a while: who comes last may be past the guest's wall time.
ALIAS_CODES: Final = {"output_too_large", "deadline_exceeded"}


class Outcome(msgspec.Struct, frozen=True):
    """What a bomb did."""

    before_mib: float
    peak_mib: float
    workers: int
    codes: dict[str, int]


async def memory() -> Outcome:
    """Guests that take all the memory they can get and touch it, one after the other."""
    async with temporary_host() as host:
        await host.load(component(GREEDY), name="greedy")
        before_mib = _mib(rss_bytes())
        codes = Counter([str(await host.call("greedy.take", {})) for _ in range(MEMORY_CALLS)])
        assert codes == {str(PAGES_MAX): MEMORY_CALLS}, codes
        return Outcome(before_mib, _mib(peak_rss_bytes()), _workers(), dict(codes))


async def aliases() -> Outcome:
    """Guests that answer one string many times over, all at once."""
    codes: Counter[str] = Counter()

    async def call(tool: str) -> None:
        codes[await _code(host, tool, ALIASES)] += 1

    async with temporary_host() as host:
        for number in range(ALIAS_PLUGINS):
            await host.load(guest("aliases"), name=f"aliases{number}")
        before_mib = _mib(rss_bytes())
        async with trio.open_nursery() as nursery:
            for number in range(ALIAS_PLUGINS * ALIAS_CALLS_EACH):
                nursery.start_soon(call, f"aliases{number % ALIAS_PLUGINS}.aliases")
        assert codes["output_too_large"], codes
        assert set(codes) <= ALIAS_CODES, codes
        return Outcome(before_mib, _mib(peak_rss_bytes()), _workers(), dict(codes))


async def _code(host: Host, tool: str, arguments: dict[str, int]) -> str:
    try:
        await host.call(tool, arguments)
    except HostError as error:
        return error.code
    return "ok"


def _workers() -> int:
    return int(workers().total_tokens)


def _mib(size: int) -> float:
    return size / (1 << 20)


if __name__ == "__main__":
    outcome = trio.run({"memory": memory, "aliases": aliases}[sys.argv[1]])
    sys.stdout.buffer.write(msgspec.json.encode(outcome))
