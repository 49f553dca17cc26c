"""The files of this checkout: sources, tests, documents; nothing that was built or installed."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = (
    ".ci",
    "benchmarks",
    "changes",
    "core_ext",
    "docs",
    "host",
    "plugins",
    "schemas",
    "tests",
    "wit",
)
SKIPPED = {"node_modules", "__pycache__", "innkeeper.egg-info"}


def files(*suffixes: str) -> list[Path]:
    """Every file with one of the suffixes."""
    return sorted(path for path in _all_files() if path.suffix in suffixes)


def shown(path: Path) -> str:
    """The path within the checkout."""
    return path.relative_to(ROOT).as_posix()


def _all_files() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.is_file())
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and not SKIPPED & set(path.parts):
                yield path
