"""`innkeeper bench`: finds the benchmarks of a checkout, runs one, checks what it answers."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from innkeeper.cli.bench_report import report_of, report_table
from innkeeper.cli.main import main
from innkeeper.errors import CODES, HostFailure

ROW = {
    "case": "echo",
    "ours": 2.5,
    "baseline": 25,
    "baseline_name": "other",
    "ratio": 0.1,
    "unit": "us",
    "p50": 2.4,
    "p99": 12345.6,
    "n": 100,
    "repeats": 5,
}
ANSWER = {"name": "pace", "machine": {"cores": 2}, "versions": {"python": "3"}, "rows": [ROW]}


MODULES = {
    "__init__.py": "",
    "_shared.py": f"ANSWER = {ANSWER!r}",
    "pace.py": """
from benchmarks._shared import ANSWER
def run(quick=False):
    return {**ANSWER, "machine": {"quick": quick}}
""",
    "idle.py": "",
    "wrong.py": "def run(quick=False):\n    return {'rows': 3}",
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A checkout with benchmarks, which is where we are; what it brings is forgotten at the end."""
    (tmp_path / "host" / "innkeeper").mkdir(parents=True)
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    for name, text in MODULES.items():
        (folder / name).write_text(text)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = forget_benchmarks()
    yield
    forget_benchmarks()
    sys.modules.update(known)


def forget_benchmarks() -> dict[str, ModuleType]:
    """Take the package of benchmarks, and all in it, out of what is imported."""
    found = [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]
    return {name: sys.modules.pop(name) for name in found}


@pytest.mark.usefixtures("checkout")
def test_without_a_name_the_benchmarks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out) == ["idle", "pace", "wrong"]


@pytest.mark.usefixtures("checkout")
def test_a_benchmark_answers_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "pace", "--json", "--quick"]) == 0
    answer = msgspec.json.decode(capsys.readouterr().out)
    assert answer == {**ANSWER, "machine": {"quick": True}}


@pytest.mark.usefixtures("checkout")
def test_for_a_person_it_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "pace"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["CASE", "OURS", "BASELINE"]
    assert row.split() == ["echo", "2.5", "25", "0.1", "2.4", "12,346", "us", "other"]


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize("name", ["unheard-of", "../pace", "_shared", "__init__"])
def test_what_is_no_benchmark_is_not_found(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", name]) == CODES["not_found"].exit
    assert "there are idle, pace, wrong" in capsys.readouterr().err


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(("name", "told"), [("idle", "has no run"), ("wrong", "not answer in the")])
def test_a_benchmark_of_another_form_is_refused(
    name: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", name]) == CODES["internal_error"].exit
    assert told in capsys.readouterr().err


def test_what_was_not_taken_is_a_dash() -> None:
    report = report_of("pace", ANSWER | {"rows": [ROW | {"baseline": None, "ratio": None}]})
    assert report_table(report).splitlines()[1].split()[:4] == ["echo", "2.5", "-", "-"]


def test_a_missing_figure_is_told_by_its_path() -> None:
    row = {key: value for key, value in ROW.items() if key != "p99"}
    with pytest.raises(HostFailure, match=r"required field `p99` - at `\$.rows\[0\]`"):
        report_of("pace", ANSWER | {"rows": [row]})
