"""Nothing leaks: calls, traps, cancels and refusals, a thousand times over."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from core.leaking import WORK

TESTS = Path(__file__).parents[1]
GROWTH_BYTES_MAX = 2 << 20  # from the first tenth to the end
TIMES = {"calls_kept": 100_000, "calls_fresh": 100_000, "host_calls": 100_000}
TIMES_ELSE = 10_000


def grown(name: str, times: int) -> int:
    """By how many bytes a process grows that does this so many times."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "core.leaking", name, str(times)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: int = json.loads(run.stdout)["growth_bytes"]
    return found


@pytest.mark.parametrize("name", WORK)
def test_a_process_does_not_grow(name: str) -> None:
    assert grown(name, TIMES.get(name, TIMES_ELSE) // 10) <= GROWTH_BYTES_MAX


@pytest.mark.soak
@pytest.mark.parametrize("name", WORK)
def test_a_process_does_not_grow_in_the_long_run(name: str) -> None:
    assert grown(name, TIMES.get(name, TIMES_ELSE)) <= GROWTH_BYTES_MAX
