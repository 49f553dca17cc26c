"""How figures are taken: in alternation, after a warm-up, written down in one form."""

from benchmarks.measure.alternation import Side, alternate, awaiting, calling, compare
from benchmarks.measure.figures import median, percentile
from benchmarks.measure.options import REPEATS_MIN, Options
from benchmarks.measure.report import RATES, Report, Row, report, row, say

__all__ = [
    "RATES",
    "REPEATS_MIN",
    "Options",
    "Report",
    "Row",
    "Side",
    "alternate",
    "awaiting",
    "calling",
    "compare",
    "median",
    "percentile",
    "report",
    "row",
    "say",
]
