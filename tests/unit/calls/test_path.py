"""The path of a call: validated, run, published, and in the host's own words when it fails."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import trio
from guests import component
from trio.testing import MockClock
from unit.engine.workshop import INTERFACE, make_pool, make_program, served

from innkeeper.calls.path import CallPath, CallRecord, check_deadline
from innkeeper.contracts.package_docs import PackageDocs
from innkeeper.engine.program import Imports
from innkeeper.errors import (
    HostError,
    HostFailure,
    LimitExceeded,
    PermissionRefused,
    PluginFault,
    RequestRefused,
    ToolFailed,
)
from innkeeper.plugins.binding import BoundTool, bind_tools
from innkeeper.plugins.manifest import About, Manifest

DOCS = PackageDocs(functions={}, types={})


class Journal:
    """Records in memory."""

    def __init__(self) -> None:
        self.records: list[CallRecord] = []

    def publish(self, record: CallRecord) -> None:
        self.records.append(record)

    @property
    def codes(self) -> list[str]:
        return [record.code for record in self.records]


async def tools(source: str | bytes, imports: Imports | None = None) -> dict[str, BoundTool]:
    program = await make_program(source, imports)
    pool = await make_pool(b"", program=program)
    manifest = Manifest(plugin=About(name="x", version="1.2.3"))
    bound = bind_tools(manifest, program.exports, pool=pool, docs=DOCS)
    return {it.function[1]: it for it in bound}


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def path(journal: Journal) -> CallPath:
    return CallPath(journal)


async def call(
    path: CallPath,
    tool: BoundTool,
    arguments: Mapping[str, object],
    deadline_s: float | None = None,
) -> object:
    return await path.call(tool, arguments, deadline_s=deadline_s, principal="ada", session=None)


async def failed(
    path: CallPath,
    tool: BoundTool,
    arguments: Mapping[str, object],
    deadline_s: float | None = None,
) -> HostError:
    with pytest.raises(HostError) as error:
        await call(path, tool, arguments, deadline_s)
    return error.value


# Each call is one record.


async def test_a_call_is_published_when_it_is_over(path: CallPath, journal: Journal) -> None:
    tool = (await tools("echo"))["echo"]
    assert await call(path, tool, {"text": "hi"}) == "hi"
    (record,) = journal.records
    assert (record.tool, record.version, record.principal) == ("x.echo", "1.2.3", "ada")
    assert record.code == "ok"
    assert record.at > 1_700_000_000
    assert 0 <= record.elapsed_us < 60_000_000


async def test_a_call_that_fails_is_published_with_its_code(
    path: CallPath, journal: Journal
) -> None:
    echo, failing = await tools("echo"), await tools("unreachable")
    await failed(path, echo["echo"], {})
    await failed(path, failing["fail"], {})
    await failed(path, (await tools("result-error"))["divide"], {"a": 1, "b": 0})
    assert journal.codes == ["validation_failed", "trap", "tool_error"]


async def test_a_cancelled_call_is_published_as_cancelled(path: CallPath, journal: Journal) -> None:
    tool = (await tools("host-call"))["pause"]
    with trio.move_on_after(0.01) as scope:
        await call(path, tool, {"ms": 60_000})
    assert scope.cancelled_caught
    assert journal.codes == ["cancelled"]


async def test_a_path_without_a_journal_works_the_same() -> None:
    tool = (await tools("echo"))["add"]
    assert await call(CallPath(None), tool, {"a": 1, "b": 2}) == 3


# What comes out.


async def test_arguments_that_do_not_fit_are_refused_before_the_guest_sees_them(
    path: CallPath,
) -> None:
    error = await failed(path, (await tools("echo"))["add"], {"a": -1, "c": 2})
    assert isinstance(error, RequestRefused)
    assert error.code == "validation_failed"
    assert isinstance(error.details, list)
    assert {problem["pointer"] for problem in error.details} == {"/a", "/b", "/c"}


async def test_the_ok_side_of_a_result_is_the_result(path: CallPath) -> None:
    found = await tools("result-error")
    assert await call(path, found["divide"], {"a": 7, "b": 2}) == 3
    assert await call(path, found["check"], {"fine": True}) is None


async def test_the_error_side_of_a_result_is_a_tool_error(path: CallPath) -> None:
    found = await tools("result-error")
    error = await failed(path, found["divide"], {"a": 7, "b": 0})
    assert isinstance(error, ToolFailed)
    assert (error.code, error.details) == ("tool_error", "division by zero")
    assert str(error) == "x.divide: division by zero"


async def test_the_details_of_a_tool_error_are_json(path: CallPath) -> None:
    found = await tools("result-error")
    error = await failed(path, found["parse"], {"digit": "x"})
    assert isinstance(error.details, dict)
    assert set(error.details) == {"code", "message"}
    assert (await failed(path, found["check"], {"fine": False})).details is None


# What a host function raises.


def raising(error: BaseException) -> Imports:
    def say(_: object, text: str) -> str:
        raise error

    return served(say=say)


async def test_a_host_function_that_fails_is_an_internal_error(
    path: CallPath, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    cause = KeyError("secret of the host")
    tool = (await tools("host-call", raising(cause)))["relay"]
    with caplog.at_level(logging.ERROR):
        error = await failed(path, tool, {"text": "x"})
    assert isinstance(error, HostFailure)
    assert error.code == "internal_error"
    assert error.__cause__ is cause
    assert "secret" not in str(error)
    assert "secret of the host" in caplog.text
    assert journal.codes == ["internal_error"]


async def test_a_value_of_a_host_function_that_does_not_fit_is_an_internal_error(
    path: CallPath,
) -> None:
    tool = (await tools("host-call", served(say=lambda _, text: 5)))["relay"]
    assert (await failed(path, tool, {"text": "x"})).code == "internal_error"


async def test_an_error_in_the_hosts_own_words_passes_as_it_is(path: CallPath) -> None:
    mine = PermissionRefused("not granted: net", code="not_granted")
    tool = (await tools("host-call", raising(mine)))["relay"]
    assert await failed(path, tool, {"text": "x"}) is mine


async def test_a_group_of_errors_of_a_host_function_is_an_internal_error(path: CallPath) -> None:
    async def say(_: object, text: str) -> str:
        async with trio.open_nursery():
            raise ValueError("in a nursery")

    tool = (await tools("host-call", served(say=say)))["relay"]
    error = await failed(path, tool, {"text": "x"})
    assert error.code == "internal_error"
    assert isinstance(error.__cause__, ExceptionGroup)


async def test_a_host_function_may_answer_the_error_side() -> None:
    from innkeeper_core.component import ToolErr

    wat = f"""(component
      (import "{INTERFACE}" (instance $calls
        (export "check" (func (result (result u32 (error u32)))))))
      (core module $memory (memory (export "memory") 1))
      (core instance $memory (instantiate $memory))
      (core func $check (canon lower (func $calls "check")
        (memory (core memory $memory "memory"))))
      (core module $m (import "h" "check" (func $check (param i32)))
        (func (export "f") (result i32) (call $check (i32.const 16)) (i32.const 16)))
      (core instance $i (instantiate $m (with "h" (instance (export "check" (func $check))))))
      (func (export "f") (result (result u32 (error u32)))
        (canon lift (core func $i "f") (memory (core memory $memory "memory")))))"""

    def check(_: object) -> int:
        raise ToolErr(7)

    imports = served(check=check)
    error = await failed(CallPath(None), (await tools(component(wat), imports))["f"], {})
    assert error.details == 7
    fine = (await tools(component(wat), served(check=lambda _: ("ok", 5))))["f"]
    with pytest.raises(HostError):
        await call(CallPath(None), fine, {})
    plain = (await tools(component(wat), served(check=lambda _: 5)))["f"]
    assert await call(CallPath(None), plain, {}) == 5


# Deadlines.


@pytest.mark.parametrize("deadline_s", [0, -1, float("nan"), float("inf"), -0.0])
async def test_a_deadline_that_is_no_time_from_now_is_refused(
    path: CallPath, deadline_s: float
) -> None:
    error = await failed(path, (await tools("echo"))["nothing"], {}, deadline_s)
    assert (type(error), error.code) == (RequestRefused, "validation_failed")


@pytest.mark.parametrize("deadline_s", [None, 1, 0.001, 1e9])
def test_a_deadline_may_be_any_time_from_now(deadline_s: float | None) -> None:
    check_deadline(deadline_s)


async def test_the_deadline_of_a_call_is_counted_from_its_beginning(
    path: CallPath, autojump_clock: MockClock
) -> None:
    await trio.sleep(1000)
    tool = (await tools("host-call"))["pause"]
    error = await failed(path, tool, {"ms": 60_000}, 2.5)
    assert isinstance(error, LimitExceeded)
    assert error.code == "deadline_exceeded"
    assert trio.current_time() == pytest.approx(1002.5)


# Others' turn, and traces.


async def test_a_task_that_does_quick_calls_without_end_lets_others_run(path: CallPath) -> None:
    tool = (await tools("echo"))["nothing"]
    turns = 0

    async def count() -> None:
        nonlocal turns
        while turns < 10:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        with trio.fail_after(10):
            while turns < 10:
                await call(path, tool, {})


async def test_a_task_that_does_quick_calls_without_end_can_be_cancelled(path: CallPath) -> None:
    tool = (await tools("echo"))["nothing"]
    with trio.move_on_after(0.05) as scope:
        while True:
            await call(path, tool, {})
    assert scope.cancelled_caught


class Tracer:
    """Spans by name, as an SDK's tracer would begin them."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, dict[str, object]]] = []

    def start_as_current_span(
        self, name: str, attributes: dict[str, object]
    ) -> AbstractContextManager[None]:
        self.spans.append((name, attributes))
        return nullcontext()


async def test_a_call_is_one_span_where_an_sdk_listens(journal: Journal) -> None:
    tracer: Any = Tracer()  # what of the SDK's class is used
    path = CallPath(journal, tracer)
    found = await tools("unreachable")
    await call(path, found["nothing"], {})
    with pytest.raises(PluginFault):
        await call(path, found["fail"], {})
    attributes = [
        {"innkeeper.tool": f"x.{name}", "innkeeper.principal": "ada"}
        for name in ("nothing", "fail")
    ]
    assert tracer.spans == [("tool.call", given) for given in attributes]
    assert journal.codes == ["ok", "trap"]
