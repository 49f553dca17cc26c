"""Loads components that were damaged and calls all that is left of them, in a process of its own.

`python -m integration.hostile.broken STATE GUEST flips FIRST COUNT` flips one bit of the guest at a
time (which ones: by number, the same ones each time), `… truncations FIRST COUNT` cuts it off. It
tells of each before it tries it, so that a crash has a name, and of all in the end, as JSON.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import trio
from guests import guest
from integration.hosting import keeping

from innkeeper import Host, HostError
from innkeeper.errors import CODES
from innkeeper.host import default_plugins
from innkeeper_core.values import Type

TOOLS_MAX = 6
DEADLINE_S = 0.5

Damage = Callable[[bytes, int], bytes]


def flipped(data: bytes, number: int) -> bytes:
    at = random.Random(number).randrange(len(data) * 8)
    damaged = bytearray(data)
    damaged[at // 8] ^= 1 << at % 8
    return bytes(damaged)


def truncated(data: bytes, number: int) -> bytes:
    return data[:number]


def sample(type_: Type | None) -> object:
    """Some value of the type, as plain data."""
    if type_ is None:
        return None
    below = [sample(it) for it in type_.types]
    compound: dict[str, object] = {
        "bool": True,
        "char": "é",
        "string": "häh",
        "list": below * 2 if type_.length is None else below * type_.length,
        "record": dict(zip(type_.names, below, strict=False)),
        "tuple": below,
        "variant": (type_.names[-1], below[-1]) if type_.names and below else None,
        "enum": type_.names[-1] if type_.names else None,
        "option": below[0] if below else None,
        "result": ("ok", below[0]) if below else None,
        "flags": list(type_.names),
        "map": [],
    }
    if type_.kind == "list" and type_.types[0] == Type("u8"):
        return b"\0\xff"
    if type_.kind == "map" and type_.types[0] == Type("string"):
        return {}
    return compound.get(type_.kind, 7)


class Report:
    """What became of them."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        self.odd: list[str] = []

    async def attempt(self, host: Host, data: bytes, number: int) -> None:
        try:
            plugin = await host.load(data, name="damaged")
        except HostError as error:
            self.refused[error.code] += 1
            self._check(error, number)
            return
        try:
            for bound in plugin.tools[number % 7 :][:TOOLS_MAX]:
                type_ = plugin.program.on_demand.function(bound.function).type
                given = {name: sample(it) for name, it in type_.params}
                await self._call(host, bound.tool.id, given, number)
        finally:
            await host.unload(plugin.name)

    async def _call(self, host: Host, tool: str, given: dict[str, object], number: int) -> None:
        try:
            json.dumps(await host.call_json(tool, given, deadline_s=DEADLINE_S), allow_nan=False)
            self.ended["ok"] += 1
        except HostError as error:
            self.ended[error.code] += 1
            self._check(error, number)

    def _check(self, error: HostError, number: int) -> None:
        if error.code not in CODES or error.code == "internal_error" or len(str(error)) > 10_000:
            self.odd.append(f"{number}: {error.code}: {str(error)[:200]}")


async def main(state: str, name: str, kind: str, first: int, count: int) -> None:
    (hello,) = default_plugins()
    data = hello.read_bytes() if name == "hello" else guest(name)
    damage: Damage = {"flips": flipped, "truncations": truncated}[kind]
    report = Report()
    async with keeping(Path(state), call_log=False) as host:
        for number in range(first, first + count):
            sys.stderr.write(f"{kind} {number} of {name}\n")
            try:
                await report.attempt(host, damage(data, number), number)
            except Exception as error:  # anything but the host's own errors is what is looked for
                report.odd.append(f"{number}: {error!r}")
        await host.load(guest("echo"), name="after")
        assert await host.call("after.add", {"a": 1, "b": 2}) == 3
    print(json.dumps(vars(report)))


if __name__ == "__main__":
    folder, source, way, begin, total = sys.argv[1:]
    trio.run(main, folder, source, way, int(begin), int(total))
