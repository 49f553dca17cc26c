"""Damaged components: a right answer, a wrong one that is valid, or a code; never a crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from guests import guest

TESTS = Path(__file__).parents[2]


def run(state: Path, name: str, kind: str, first: int, count: int) -> dict[str, Any]:
    """What the process of its own says in the end."""
    paths = os.pathsep.join([str(TESTS), *sys.path])
    ended = subprocess.run(
        [sys.executable, "-m", "integration.hostile.broken"]
        + [str(it) for it in (state, name, kind, first, count)],
        capture_output=True,
        env=os.environ | {"PYTHONPATH": paths},
        timeout=3600,
        check=False,
    )
    last = b"\n".join(ended.stderr.splitlines()[-20:]).decode(errors="replace")
    assert ended.returncode == 0, f"it ended with {ended.returncode} at: {last}"
    report: dict[str, Any] = json.loads(ended.stdout)
    assert report["odd"] == []
    return report


@pytest.mark.parametrize("name", ["echo", "hello", "types"])
def test_a_component_with_one_bit_flipped_answers_or_ends_with_a_code(
    tmp_path: Path, name: str
) -> None:
    report = run(tmp_path, name, "flips", 0, 350)
    assert sum(report["refused"].values()) > 10
    assert report["ended"]["ok"] > 10


@pytest.mark.soak
@pytest.mark.parametrize("first", range(1000, 6000, 1000))
@pytest.mark.parametrize("name", ["echo", "hello", "types", "host-call", "resources", "counter"])
def test_thousands_of_bit_flips_crash_nothing(tmp_path: Path, name: str, first: int) -> None:
    run(tmp_path, name, "flips", first, 1000)


@pytest.mark.parametrize("name", ["counter"])
def test_a_component_cut_off_anywhere_answers_or_ends_with_a_code(
    tmp_path: Path, name: str
) -> None:
    report = run(tmp_path, name, "truncations", 0, len(guest(name)))
    assert set(report["refused"]) == {"component_invalid"}


@pytest.mark.soak
@pytest.mark.parametrize("name", ["echo", "host-call", "resources"])
def test_larger_components_cut_off_anywhere_crash_nothing(tmp_path: Path, name: str) -> None:
    run(tmp_path, name, "truncations", 0, len(guest(name)))
