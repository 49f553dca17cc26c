"""What the host writes down: a line a call, and what guests have to say."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import trio
from guests import component, guest
from integration.hosting import call_records, failure, keeping

from innkeeper import HostError

LOGS = """(component
  (import "innkeeper:capabilities/log@0.1.0-draft" (instance $log
    (export "level" (type $level (eq {level})))
    (export "write" (func (param "level" $level) (param "message" string)))))
  (core module $memory (memory (export "memory") 1)
    (data (i32.const 0) "{text}")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $memory (instantiate $memory))
  (core func $write (canon lower (func $log "write") (memory (core memory $memory "memory"))))
  (core module $m (import "h" "write" (func $write (param i32 i32 i32)))
    (func (export "f") (call $write (i32.const 3) (i32.const 0) (i32.const {size}))))
  (core instance $i (instantiate $m (with "h" (instance (export "write" (func $write))))))
  (func (export "f") (canon lift (core func $i "f"))))"""


def logging_guest(text: str) -> bytes:
    """A guest that logs an ASCII text at level "warn"."""
    data = "".join(f"\\{ord(c):02x}" for c in text)
    levels = '(enum "trace" "debug" "info" "warn" "error")'
    # an enum stands as a type of its own before it can be exported
    wat = LOGS.replace("(eq {level})", "(eq $levels)").format(text=data, size=len(text))
    return component(
        wat.replace(
            '(import "innkeeper:capabilities/log@0.1.0-draft" (instance $log',
            '(import "innkeeper:capabilities/log@0.1.0-draft" (instance $log\n'
            f"    (type $levels {levels})",
        )
    )


async def test_a_guest_may_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with keeping(tmp_path) as host:
        await host.load(logging_guest("careful\x1b[0m\nERROR forged"), name="talker")
        with caplog.at_level(logging.INFO):
            await host.call("talker.f", {})
    (found,) = (it for it in caplog.records if it.name.startswith("innkeeper.guest"))
    assert (found.name, found.levelno) == ("innkeeper.guest.talker", logging.WARNING)
    assert found.getMessage() == "careful\\x1b[0m\\nERROR forged"


async def test_every_call_is_one_line_with_its_code(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        for name in ("echo", "unreachable", "result-error", "loop"):
            await host.load(guest(name), name=name)
        await host.call("echo.add", {"a": 1, "b": 1}, principal="ada")
        await host.call_json("echo.add", {"a": 1, "b": 1})
        await failure(host, "echo.add")
        await failure(host, "unreachable.fail")
        await failure(host, "result-error.divide", a=1, b=0)
        await failure(host, "loop.endless", deadline_s=0.05)
        with trio.move_on_after(0.05):
            await host.call("loop.endless", {})
        await failure(host, "no.such")
    records = call_records(tmp_path)
    assert [(record["tool"], record["code"]) for record in records] == [
        ("echo.add", "ok"),
        ("echo.add", "ok"),
        ("echo.add", "validation_failed"),
        ("unreachable.fail", "trap"),
        ("result-error.divide", "tool_error"),
        ("loop.endless", "deadline_exceeded"),
        ("loop.endless", "cancelled"),
    ]
    assert [record["principal"] for record in records[:2]] == ["ada", "local"]
    assert all(record["version"] == "0.0.0" for record in records)
    assert records[5]["elapsed_us"] >= 50_000


async def test_calls_are_written_while_the_host_runs(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="echo")
        await host.call("echo.nothing", {})
        with trio.fail_after(10):
            while not call_records(tmp_path):  # noqa: ASYNC110 - a thread writes
                await trio.sleep(0.02)


async def test_no_arguments_and_no_results_are_written_down(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="echo")
        await host.call("echo.echo", {"text": "a secret"})
    assert "secret" not in (tmp_path / "calls.jsonl").read_text()


async def test_a_host_without_the_log_writes_none(tmp_path: Path) -> None:
    async with keeping(tmp_path, call_log=False) as host:
        await host.load(guest("echo"), name="echo")
        await host.call("echo.nothing", {})
    assert not (tmp_path / "calls.jsonl").exists()


async def test_a_log_that_cannot_be_written_stops_no_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "calls.jsonl").mkdir()
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="echo")
        assert await host.call("echo.add", {"a": 1, "b": 1}) == 2
    assert "records of calls are lost" in caplog.text


async def test_a_host_function_that_fails_is_told_to_the_log_and_not_to_the_caller(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def say(_: object, text: str) -> str:
        raise RuntimeError("the password is swordfish")

    async with keeping(tmp_path, {("test:host/calls", "say"): say}) as host:
        await host.load(guest("host-call"), name="x")
        with pytest.raises(HostError) as error:
            await host.call("x.relay", {"text": "a"})
    assert error.value.code == "internal_error"
    assert "swordfish" not in str(error.value)
    assert "swordfish" in caplog.text
