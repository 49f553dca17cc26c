"""The one form of every benchmark's result, and the progress on stderr."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.measure.figures import median, percentile
from innkeeper_core.capi import open_library

# More is better in these units; in all others (times, bytes, counts) less is.
RATES: Final = frozenset({"calls/s", "requests/s"})
DIGITS: Final = 4


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison.

    `ours` and `baseline` are medians over the turns (`repeats`), a turn's figure being the median
    of its `n` samples; `ratio` is ours / baseline, None where the baseline is zero. `p50` and `p99`
    are of all samples of ours; in a rate, where more is better, 99 % are at or above the p99.
    """

    case: str
    ours: float
    baseline: float
    baseline_name: str
    ratio: float | None
    unit: str
    p50: float
    p99: float
    n: int
    repeats: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a benchmark prints: one JSON object."""

    name: str
    machine: Mapping[str, object]
    versions: Mapping[str, str]
    rows: Sequence[Row]


Turns = Sequence[Sequence[float]]  # the samples of each turn


def row(case: str, ours: Turns, baseline: Turns, *, baseline_name: str, unit: str) -> Row:
    """The comparison of two sides by the samples of their turns."""
    ours_figure = median([median(turn) for turn in ours])
    baseline_figure = median([median(turn) for turn in baseline])
    samples = [sample for turn in ours for sample in turn]
    made = Row(
        case=case,
        ours=_rounded(ours_figure),
        baseline=_rounded(baseline_figure),
        baseline_name=baseline_name,
        ratio=_rounded(ours_figure / baseline_figure) if baseline_figure else None,
        unit=unit,
        p50=_rounded(percentile(samples, 0.5)),
        p99=_rounded(percentile(samples, 0.01 if unit in RATES else 0.99)),
        n=len(ours[0]),
        repeats=len(ours),
    )
    say(f"{case}: {made.ours:g} {unit}, {baseline_name}: {made.baseline:g}, ratio {made.ratio}")
    return made


def report(name: str, rows: Sequence[Row], *distributions: str) -> dict[str, object]:
    """The whole result, as plain data; `distributions` are named with their versions."""
    made = Report(
        name=name, machine=_machine(), versions=_versions(distributions), rows=tuple(rows)
    )
    plain = msgspec.to_builtins(made)
    assert isinstance(plain, dict)
    return plain


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(text, file=sys.stderr, flush=True)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _machine() -> dict[str, object]:
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
        "system": platform.platform(),
        "load_1m": round(os.getloadavg()[0], 2),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _versions(distributions: Sequence[str]) -> dict[str, str]:
    return {
        "innkeeper": distribution_version("innkeeper"),
        "python": platform.python_version(),
        "libwasmtime": open_library(),
        **{name: distribution_version(name) for name in ("trio", *distributions)},
    }
