"""The official SDK clients are served over stdio, on every revision that they speak.

A client's whole run is one record (`python_client.py`, `node/scenario.mjs`); each test looks at one
thing in it, so that what a client did not check is missed here.
"""

from __future__ import annotations

import json
import subprocess
from functools import partial
from importlib.metadata import version
from pathlib import Path

import anyio
import pytest
from conformance.python_client import Seen
from conformance.python_client import scenario as python_scenario
from conformance.scenarios import MODERN, SCENARIOS, Commands, Scenario, commands

DRIVERS = Path(__file__).parent / "node"
PATIENCE_S = 120.0
CPU_S_MAX = 0.1  # 50 ms is the aim; what /proc counts is rounded, and tickers run out
KILLED_AFTER_S = 2.0  # what the SDKs give a server to end by itself
CHECKS = {
    "revision",
    "server",
    "tools",
    "echo",
    "facts",
    "together",
    "tool_error",
    "trap",
    "invalid",
    "unknown",
    "cancelled",
    "distrust",
    "left_s",
    "progress",
}


@pytest.fixture(scope="module", params=SCENARIOS, ids=str)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    """One client at one revision."""
    found = request.param
    assert isinstance(found, Scenario)
    return found


@pytest.fixture(scope="module")
def seen(
    scenario: Scenario, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Seen:
    """What that client saw."""
    directory = tmp_path_factory.mktemp("scenario")
    serving = commands(directory)
    if scenario.client == "typescript":
        return run_typescript(scenario, serving, request.getfixturevalue("node"))
    with (directory / "stderr").open("w") as errors:
        work = partial(python_scenario, serving, scenario.revision, errors)
        return anyio.run(work, backend=scenario.library)


def run_typescript(scenario: Scenario, serving: Commands, node: Path) -> Seen:
    """Run a driver under Node; it prints what it saw."""
    request = {
        "revision": scenario.revision,
        "command": serving.ready,
        "slow_command": serving.slow,
    }
    driver = DRIVERS / f"{scenario.library}.mjs"
    done = subprocess.run(
        [node, driver, json.dumps(request)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_every_check_was_run(seen: Seen, scenario: Scenario) -> None:
    assert set(seen) == CHECKS | {"changes" if scenario.agreed == MODERN else "ping"}


def test_the_revision_is_the_one_that_was_asked_for(seen: Seen, scenario: Scenario) -> None:
    assert seen["revision"] == scenario.agreed


def test_the_server_says_who_it_is(seen: Seen) -> None:
    assert seen["server"] == {"name": "innkeeper", "version": version("innkeeper")}


def test_the_tools_are_listed_with_their_schemas(seen: Seen) -> None:
    assert {"echo.echo", "hello.describe", "result-error.parse"} <= set(seen["tools"])
    schemas = seen["tools"]["echo.echo"]
    assert schemas["inputSchema"]["properties"] == {"text": {"type": "string"}}
    assert schemas["inputSchema"]["required"] == ["text"]
    assert schemas["outputSchema"]["properties"] == {"result": {"type": "string"}}
    assert seen["tools"]["hello.describe"]["outputSchema"]["type"] == "object"


def test_the_tools_are_listed_with_hints_of_what_they_do(seen: Seen) -> None:
    unknown, pure = (seen["tools"][name]["annotations"] for name in ("echo.echo", "hello.greet"))
    assert unknown["openWorldHint"] is True  # without a manifest it may do anything
    assert pure["readOnlyHint"] is True


def test_a_text_comes_back_wrapped(seen: Seen) -> None:
    assert seen["echo"]["structured"] == {"result": "grüße"}
    assert seen["echo"]["is_error"] is False
    assert json.loads(seen["echo"]["text"]) == seen["echo"]["structured"]


def test_a_record_comes_back_as_the_object_that_it_is(seen: Seen) -> None:
    facts = seen["facts"]["structured"]
    assert (facts["words"], facts["longest-word"], facts["repertoire"]) == (2, "one", "ascii")
    assert json.loads(seen["facts"]["text"]) == facts


def test_calls_at_the_same_time_get_their_own_answers(seen: Seen) -> None:
    assert seen["together"] == list(range(1, 33))


def test_a_tools_own_error_comes_with_its_value(seen: Seen) -> None:
    assert seen["tool_error"]["is_error"] is True
    error = seen["tool_error"]["error"]
    assert error["code"] == "tool_error"
    assert set(error["details"]) == {"code", "message"}  # the guest's record `mistake`


def test_a_trap_comes_with_its_kind(seen: Seen) -> None:
    assert seen["trap"]["is_error"] is True
    assert seen["trap"]["error"]["code"] == "trap"
    assert seen["trap"]["error"]["details"]["kind"] == "unreachable"
    assert seen["trap"]["text"].startswith("trap: ")


def test_wrong_arguments_are_refused_in_the_result(seen: Seen) -> None:
    assert seen["invalid"]["is_error"] is True
    assert seen["invalid"]["error"]["code"] == "validation_failed"
    assert seen["invalid"]["error"]["details"][0]["pointer"] == "/text"


def test_an_unknown_tool_is_a_protocol_error(seen: Seen) -> None:
    assert seen["unknown"]["code"] == -32602
    assert seen["unknown"]["data"]["code"] == "not_found"


def test_a_ping_is_answered_where_the_revision_has_one(seen: Seen, scenario: Scenario) -> None:
    assert seen.get("ping") == (None if scenario.agreed == MODERN else {})


def test_a_subscription_tells_of_new_tools_where_the_revision_has_one(
    seen: Seen, scenario: Scenario
) -> None:
    wanted = {"honored": True, "told": True} if scenario.agreed == MODERN else None
    assert seen.get("changes") == wanted


def test_a_cancelled_call_ends_at_once_and_alone(seen: Seen) -> None:
    assert seen["cancelled"]["outcome"] == "raised"
    assert seen["cancelled"]["cpu_s"] < CPU_S_MAX
    assert seen["cancelled"]["after"]["structured"] == {"result": "ada"}


def test_the_client_validates_what_it_gets(seen: Seen) -> None:
    assert seen["distrust"] == "refused"


def test_the_server_leaves_when_the_client_does(seen: Seen) -> None:
    assert seen["left_s"] < KILLED_AFTER_S


def test_progress_is_told_while_a_plugin_is_compiled(seen: Seen) -> None:
    reports = seen["progress"]["reports"]
    done = [report["done"] for report in reports]
    assert len(done) >= 2
    assert done == sorted(set(done))
    assert {report["message"] for report in reports} == {"loading slow"}
    assert seen["progress"]["answer"]["structured"] == {"result": 42}
