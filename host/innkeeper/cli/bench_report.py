"""What a benchmark answers: one object, in the form that the reference fixes."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import msgspec

from innkeeper.cli.text import plain, table
from innkeeper.cli.versions import versions
from innkeeper.errors import HostFailure

Number = float | int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One case: ours beside a baseline, taken in alternation `repeats` times, `n` calls each.

    `ratio` is ours / baseline; `p50` and `p99` are of ours. What was not taken is null.
    """

    case: str
    ours: Number | None
    baseline: Number | None = None
    baseline_name: str | None = None
    ratio: Number | None = None
    unit: str
    p50: Number | None = None
    p99: Number | None = None
    n: int
    repeats: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of one benchmark."""

    name: str
    machine: dict[str, object]
    versions: dict[str, str]
    rows: list[Row]


def report_of(name: str, answer: dict[str, Any]) -> Report:
    """A benchmark's own answer, with what it leaves out of name, machine and versions filled in.

    Raises HostFailure where it is not of the form.
    """
    filled = {"name": name, "machine": machine(), **answer}
    filled["versions"] = {**msgspec.structs.asdict(versions()), **answer.get("versions", {})}
    try:
        return msgspec.convert(filled, Report)
    except msgspec.ValidationError as error:
        raise HostFailure(f"benchmarks/{name}.py does not answer in the form: {error}") from error


def machine() -> dict[str, object]:
    """The machine that measures."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "system": platform.platform(),
    }


def report_table(report: Report) -> str:
    """The rows, for a person."""
    header = ("CASE", "OURS", "BASELINE", "RATIO", "P50", "P99", "UNIT", "BASELINE NAME")
    return table(header, [_cells(row) for row in report.rows])


def _cells(row: Row) -> list[str]:
    numbers = (row.ours, row.baseline, row.ratio, row.p50, row.p99)
    ours, baseline, ratio, p50, p99 = map(_figure, numbers)
    name = plain(row.baseline_name or "-")
    return [plain(row.case), ours, baseline, ratio, p50, p99, plain(row.unit), name]


def _figure(number: Number | None) -> str:
    return "-" if number is None else f"{number:.4g}" if abs(number) < 1000 else f"{number:,.0f}"


def _cpu_model() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
