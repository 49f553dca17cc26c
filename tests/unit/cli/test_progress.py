"""Progress on stderr: silent when it is quick, one line that is written over on a terminal."""

import sys

import pytest

from innkeeper.cli.composition import ProgressLine
from innkeeper.engine.compiler import Progress


def step(elapsed_s: float, *, done: bool = False) -> Progress:
    """How far a plugin is."""
    return Progress("notes", "compile", elapsed_s, done)


def test_what_is_quick_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    line = ProgressLine()
    line.show(step(0.9))
    line.show(step(5.0, done=True))
    line.end()
    assert capsys.readouterr().err == ""


def test_what_takes_a_while_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    line = ProgressLine()
    line.show(step(1.0))
    line.show(step(2.0))
    line.end()
    assert capsys.readouterr().err == "compiling notes …\n"


def test_on_a_terminal_the_seconds_are_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    line = ProgressLine()
    line.show(step(1.0))
    line.show(step(2.0))
    line.end()
    assert capsys.readouterr().err == "\rcompiling notes … 1 s\rcompiling notes … 2 s\n"
