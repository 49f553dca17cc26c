"""What a benchmark answers: one object, in the form that the reference fixes."""

from __future__ import annotations

import msgspec

from innkeeper.cli.text import plain, table
from innkeeper.errors import HostFailure

Number = float | int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One case: ours beside a baseline, taken in alternation `repeats` times, `n` samples each.

    `ratio` is ours / baseline; `p50` and `p99` are of ours. What was not taken is null.
    """

    case: str
    ours: Number | None
    baseline: Number | None
    baseline_name: str | None
    ratio: Number | None
    unit: str
    p50: Number | None
    p99: Number | None
    n: int
    repeats: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of one benchmark."""

    name: str
    machine: dict[str, object]
    versions: dict[str, str]
    rows: tuple[Row, ...]


def report_of(name: str, answer: object) -> Report:
    """A benchmark's own answer, checked. Raises HostFailure where it is not of the form."""
    try:
        return msgspec.convert(answer, Report)
    except msgspec.ValidationError as error:
        raise HostFailure(f"benchmarks/{name}.py does not answer in the form: {error}") from error


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
    if number is None:
        return "-"
    return f"{number:.4g}" if abs(number) < 1000 else f"{number:,.0f}"
