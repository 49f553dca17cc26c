"""`innkeeper bench`: runs `benchmarks/NAME.py` of a checkout.

A benchmark is a module with `run(quick: bool) -> dict`: it prints its progress on stderr and
answers a `Report`. One whose name begins with an underscore is no benchmark.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

from innkeeper.cli.bench_report import Report, report_of, report_table
from innkeeper.cli.options import examples, json_option
from innkeeper.cli.text import json_text, plain, say
from innkeeper.errors import HostFailure, RequestRefused

PACKAGE = "benchmarks"


@click.command(epilog=examples("innkeeper bench", "innkeeper bench calls --json"))
@click.argument("name", required=False)
@json_option
@click.option("--quick", is_flag=True, help="Measure little: rough figures, soon.")
def bench(name: str | None, as_json: bool, quick: bool) -> int:
    """Run the benchmark NAME of a checkout; without NAME list those there are."""
    root = _checkout()
    names = sorted(path.stem for path in (root / PACKAGE).glob("[!_]*.py"))
    if name is None:
        return say(json_text(names) if as_json else "\n".join(names))
    if name not in names:
        known = ", ".join(names) or "none"
        raise RequestRefused(f"{plain(name)}: not a benchmark; there are {known}", code="not_found")
    report = _run(root, name, quick=quick)
    return say(json_text(report) if as_json else report_table(report))


def _run(root: Path, name: str, *, quick: bool) -> Report:
    sys.path.insert(0, str(root))
    module = import_module(f"{PACKAGE}.{name}")
    if not hasattr(module, "run"):
        raise HostFailure(f"{PACKAGE}/{name}.py has no run(quick)")
    return report_of(name, module.run(quick=quick))


def _checkout() -> Path:
    """The root of the checkout that we are in, else of the one that we are installed from.

    Raises HostFailure (unavailable) where there is none.
    """
    for root in _roots():
        if (root / PACKAGE).is_dir() and (root / "host" / "innkeeper").is_dir():
            return root
    raise HostFailure(
        "benchmarks are in a checkout of innkeeper, and there is none here: change into one",
        code="unavailable",
    )


def _roots() -> Iterator[Path]:
    here = Path.cwd()
    yield from (here, *here.parents)
    yield from Path(__file__).resolve().parents  # an editable install is inside its checkout
