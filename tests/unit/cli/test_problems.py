"""How errors leave: a line and a code on stderr, or problem details, and the exit code."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from innkeeper.cli.problems import MESSAGE_CHARS_MAX, host_error, is_interrupt, problem, report
from innkeeper.errors import (
    CODES,
    HostError,
    HostFailure,
    LimitExceeded,
    PluginFault,
    RequestRefused,
    ToolFailed,
)
from innkeeper.http_api.problem import problem as http_problem

FAULT = PluginFault("loop.spin: trap: unreachable\nat 0x1b\x1b[2J", kind="unreachable")


@pytest.mark.parametrize("code", CODES)
def test_the_exit_code_is_that_of_the_table(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(HostError("what happened", code=code)) == CODES[code].exit
    assert capsys.readouterr().err.startswith(f"{code}: what happened\n")


def test_an_error_is_one_line_and_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    report(LimitExceeded("loop.spin: too slow", code="deadline_exceeded"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "deadline_exceeded: loop.spin: too slow"
    assert lines[1].startswith("  remedy: ")


def test_what_a_guest_says_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    report(FAULT)
    assert capsys.readouterr().err == "trap: loop.spin: trap: unreachable at 0x1b\\x1b[2J\n"


def test_a_message_is_cut_to_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    report(ToolFailed("x" * 1_000_000))
    assert len(capsys.readouterr().err) < MESSAGE_CHARS_MAX + 100


@pytest.mark.parametrize(
    "error", [FAULT, ToolFailed("no", details=None), RequestRefused("no", details={"a": [1]})]
)
def test_problem_details_are_those_of_http(error: HostError) -> None:
    over_http = msgspec.json.decode(http_problem(error, instance="/", trace_id="0").body)
    del over_http["instance"], over_http["trace_id"]
    assert msgspec.to_builtins(problem(error)) == over_http


@given(st.text(), st.text())
def test_any_error_is_json(message: str, details: str) -> None:
    msgspec.json.encode(problem(ToolFailed(message, details=details)))


def test_details_that_are_no_json_are_shown_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(ToolFailed("\udc80", details={"x": object}), as_json=True)
    assert msgspec.json.decode(capsys.readouterr().err)["code"] == "tool_error"


def test_what_is_no_host_error_is_a_fault_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(KeyError("x")) == CODES["internal_error"].exit
    shown = capsys.readouterr().err
    assert "KeyError" in shown
    assert shown.splitlines()[-1] == "internal_error: KeyError('x')"


def test_an_error_is_found_in_groups() -> None:
    error = HostFailure("x")
    assert host_error(ExceptionGroup("", [ExceptionGroup("", [error])])) is error


def test_a_group_with_another_error_is_a_fault_of_ours() -> None:
    assert host_error(ExceptionGroup("", [HostFailure("x"), KeyError("y")])) is None


def test_an_interrupt_is_found_in_groups() -> None:
    assert is_interrupt(BaseExceptionGroup("", [BaseExceptionGroup("", [KeyboardInterrupt()])]))
    assert not is_interrupt(BaseExceptionGroup("", [SystemExit()]))
