"""Prints the reports of benchmarks as tables: `make bench` gives it build/bench/*.json."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from innkeeper.cli.bench_report import Report, report_table


def main(files: list[str]) -> None:
    """Print one table for each file."""
    for file in files:
        report = msgspec.json.decode(Path(file).read_bytes(), type=Report)
        print(f"\n{report.name}\n{report_table(report)}")


if __name__ == "__main__":
    main(sys.argv[1:])
