"""How figures are taken: in alternation, after a warm-up, written down in one form."""

from benchmarks.measure.alternation import Side, alternate, timed, timed_async
from benchmarks.measure.figures import median, percentile
from benchmarks.measure.options import REPEATS_MIN, Options
from benchmarks.measure.report import Report, Row, report, row, say

__all__ = [
    "REPEATS_MIN",
    "Options",
    "Report",
    "Row",
    "Side",
    "alternate",
    "median",
    "percentile",
    "report",
    "row",
    "say",
    "timed",
    "timed_async",
]
