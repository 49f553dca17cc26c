"""What hostile guests cost the host in memory, measured in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MIB = 1 << 20
TESTS = Path(__file__).parents[2]

SCRIPT = """
import sys
from pathlib import Path
import trio
from integration.hosting import failure, guest, keeping, with_manifest

def bytes_at_most():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

async def main(state, name, function, rounds, at_once):
    async with keeping(Path(state), workers=2, call_log=False) as host:
        await host.load(with_manifest(name, limits={"concurrency_max": 64, "wall_s": 120.0}))
        await host.load(guest("echo"), name="echo")
        await host.call("echo.echo", {"text": "x"})
        before = bytes_at_most()
        for _ in range(rounds):
            async with trio.open_nursery() as nursery:
                for _ in range(at_once):
                    nursery.start_soon(failure, host, f"x.{function}")
        print(before, bytes_at_most())

state, name, function, rounds, at_once = sys.argv[1:]
trio.run(main, state, name, function, int(rounds), int(at_once))
"""


def peak(state: Path, name: str, function: str, *, rounds: int, at_once: int) -> tuple[int, int]:
    """The most memory the process had, before hostile calls and after."""
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, state, name, function, str(rounds), str(at_once)],
        capture_output=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    before, after = map(int, ended.stdout.split())
    return before, after


def test_thirty_two_alias_bombs_at_once_are_lifted_by_few_at_a_time(tmp_path: Path) -> None:
    _, after = peak(tmp_path, "aliases", "many", rounds=1, at_once=32)
    assert after <= 128 * MIB * (1 + 2) + 64 * MIB


def test_a_memory_bomb_takes_no_more_than_its_limit(tmp_path: Path) -> None:
    before, after = peak(tmp_path, "memory-bomb", "hog", rounds=1, at_once=1)
    assert after - before <= (64 + 32) * MIB


def test_memory_bombs_one_after_another_take_no_more_than_one(tmp_path: Path) -> None:
    before, after = peak(tmp_path, "memory-bomb", "hog", rounds=20, at_once=1)
    assert after - before <= (64 + 32) * MIB
