"""`innkeeper bench`: runs `benchmarks/NAME.py` of a checkout.

A benchmark is a module with `run(options) -> dict`: it prints its progress on stderr and answers
the rows of a `Report`. Its neighbours in `benchmarks/` can be imported by it; one whose name begins
with an underscore is no benchmark.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

import click
import msgspec

from innkeeper.cli.bench_report import report_of, report_table
from innkeeper.cli.options import examples, json_option
from innkeeper.cli.text import json_text, plain
from innkeeper.errors import HostFailure, RequestRefused

REPEATS_MIN: Final = 5  # fewer say little on a shared machine


class Options(msgspec.Struct, frozen=True):
    """What a benchmark is told: how often each side is taken, in alternation."""

    repeats: int = REPEATS_MIN


@click.command(epilog=examples("innkeeper bench", "innkeeper bench calls --json"))
@click.argument("name", required=False)
@json_option
@click.option(
    "--repeats",
    type=click.IntRange(min=REPEATS_MIN),
    default=REPEATS_MIN,
    show_default=True,
    help="How often each side is measured.",
)
def bench(name: str | None, as_json: bool, repeats: int) -> int:
    """Run the benchmark NAME of a checkout; without NAME list those there are."""
    folder = _benchmarks()
    names = [path.stem for path in sorted(folder.glob("[!_]*.py"))]
    if name is None:
        click.echo(json_text(names) if as_json else "\n".join(names))
        return 0
    if name not in names:
        known = ", ".join(names) or "none"
        raise RequestRefused(
            f"{plain(name)}: no such benchmark; there are {known}", code="not_found"
        )
    answer = _load(folder, name).run(Options(repeats))
    report = report_of(name, answer)
    click.echo(json_text(report) if as_json else report_table(report))
    return 0


def _benchmarks() -> Path:
    """The folder of benchmarks: of the checkout we are in, else of the one we are installed from.

    Raises HostFailure (unavailable) where there is none.
    """
    for root in _roots():
        if _is_checkout(root):
            return root / "benchmarks"
    raise HostFailure(
        "benchmarks are in a checkout of innkeeper, and there is none here: change into one",
        code="unavailable",
    )


def _roots() -> Iterator[Path]:
    here = Path.cwd()
    yield from (here, *here.parents)
    yield from Path(__file__).resolve().parents  # an editable install is inside its checkout


def _is_checkout(root: Path) -> bool:
    return (root / "benchmarks").is_dir() and (root / "host" / "innkeeper").is_dir()


def _load(folder: Path, name: str) -> ModuleType:
    sys.path.insert(0, str(folder))
    spec = spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # before it runs: pickled work of child processes looks here
    spec.loader.exec_module(module)
    if not hasattr(module, "run"):
        raise HostFailure(f"benchmarks/{name}.py has no run(options)")
    return module
