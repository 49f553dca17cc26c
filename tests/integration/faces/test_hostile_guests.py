"""A hostile guest gets its code, over every face."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any  # JSON

import pytest
from integration.faces.commands import run
from integration.faces.hostile_guests import MISBEHAVIOURS, MISFITS, Misbehaviour, Misfit
from integration.faces.http_server import HttpServer
from integration.faces.stdio_server import StdioServer

from innkeeper.errors import CODES

each_misbehaviour = pytest.mark.parametrize("case", MISBEHAVIOURS, ids=str)
each_misfit = pytest.mark.parametrize("case", MISFITS, ids=str)
ERROR = "io.innkeeper/error"


@each_misbehaviour
def test_a_call_ends_with_its_code_on_the_command_line(
    case: Misbehaviour, plugin_files: dict[str, Path], state: Path
) -> None:
    file = str(plugin_files[case.plugin])
    arguments = ["--json", json.dumps(case.arguments), "--plugin", file]
    done = run("call", case.tool, *arguments, "--json-errors", state=state)
    assert (done.code, done.stdout) == (CODES[case.code].exit, "")
    assert case.plugin in check_problem(json.loads(done.stderr.splitlines()[-1]), case)


@each_misbehaviour
def test_a_call_ends_with_its_code_over_http(case: Misbehaviour, http: HttpServer) -> None:
    answer = http.invoke(case.tool, case.arguments)
    assert (answer.status, answer.content_type) == (
        CODES[case.code].http,
        "application/problem+json",
    )
    problem = answer.body
    assert isinstance(problem, dict)
    assert problem["instance"] == f"/tools/{case.tool}:invoke"
    assert len(problem["trace_id"]) == 32
    check_problem(problem, case)


@each_misbehaviour
def test_a_call_ends_with_its_code_over_mcp(case: Misbehaviour, stdio: StdioServer) -> None:
    result = stdio.call(case.tool, case.arguments)["result"]
    assert result["isError"] is True
    assert "structuredContent" not in result
    error = result["_meta"][ERROR]
    assert (error["code"], error["retryable"]) == (case.code, CODES[case.code].retryable)
    assert result["content"][0]["text"] == f"{case.code}: {error['message']}"
    assert kind_in(error.get("details")) == case.kind


def check_problem(problem: dict[str, Any], case: Misbehaviour) -> str:
    """Compare problem details with the table; their text."""
    row = CODES[case.code]
    assert (problem["code"], problem["status"]) == (row.code, row.http)
    assert problem["type"] == f"urn:innkeeper:problem:{row.code}"
    assert problem["retryable"] == row.retryable
    assert problem.get("kind", "") == kind_in(problem.get("details")) == case.kind
    detail = problem["detail"]
    assert isinstance(detail, str)
    return detail


def kind_in(details: object) -> str:
    """The kind of trap that an error's details name, if they are of a trap."""
    return str(details["kind"]) if isinstance(details, dict) else ""


@each_misfit
def test_a_misfit_is_refused_on_the_command_line(
    case: Misfit, plugin_files: dict[str, Path], state: Path
) -> None:
    file = str(plugin_files[case.plugin])
    done = run("call", f"{case.plugin}.now", "--plugin", file, state=state)
    assert (done.code, done.stdout) == (CODES[case.code].exit, "")
    assert done.stderr.startswith(f"{case.code}: ")
    assert case.message in done.stderr


@each_misfit
def test_a_misfit_is_reported_by_a_server_over_http(case: Misfit, http: HttpServer) -> None:
    check_report(case, http.log)
    answer = http.invoke(f"{case.plugin}.now", {})
    assert answer.status == 404
    assert isinstance(answer.body, dict) and answer.body["code"] == "not_found"


@each_misfit
def test_a_misfit_is_reported_by_a_server_over_mcp(case: Misfit, stdio: StdioServer) -> None:
    check_report(case, stdio.log)
    error = stdio.call(f"{case.plugin}.now", {})["error"]
    assert (error["code"], error["data"]["code"]) == (CODES["not_found"].mcp, "not_found")


def check_report(case: Misfit, log: str) -> None:
    """The log says in one line what is not loaded, and why."""
    [line] = [line for line in log.splitlines() if f" {case.plugin} is not loaded" in line]
    assert line.startswith(f"ERROR: {case.plugin} is not loaded: {case.code}: ")
    assert case.message in line


def test_misfits_and_hostile_guests_leave_the_other_plugins_served(
    http: HttpServer, stdio: StdioServer
) -> None:
    assert http.invoke("echo.echo", {"text": "still here"}).body == "still here"
    result = stdio.call("echo.echo", {"text": "still here"})["result"]
    assert result["structuredContent"] == {"result": "still here"}


def test_a_server_that_saw_every_hostile_guest_is_healthy(http: HttpServer) -> None:
    assert http.get("/healthz").status == 200
    assert "Traceback" not in http.log
