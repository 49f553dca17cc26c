"""Guests whose exports are `async func`, on an engine with concurrency."""

import threading
from typing import Any

import pytest
from core.driving import call, compiled, compiled_text, finish, run, started, wait_for_host

from innkeeper_core.component import PENDING, CannotInstantiate, Instance, LimitHit, Limits

ASYNC = compiled("async-export", concurrency=True)
# The task answers first and calls the host afterwards, before it is over.
AFTERWARDS = """(component
  (import "say" (func $say (param "text" string) (result string)))
  (core module $memory (memory (export "m") 1) (data (i32.const 0) "after")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $memory))
  (core func $say (canon lower (func $say) (memory (core memory $memory "m"))
    (realloc (core func $memory "realloc"))))
  (core func $answer (canon task.return (result u32)))
  (core module $code
    (import "host" "say" (func $say (param i32 i32 i32)))
    (import "host" "answer" (func $answer (param i32)))
    (func (export "run") (call $answer (i32.const 5))
      (call $say (i32.const 0) (i32.const 5) (i32.const 64)))
    (func (export "spin") (call $answer (i32.const 5)) (loop $again (br $again))))
  (core instance $i (instantiate $code (with "host" (instance
    (export "say" (func $say)) (export "answer" (func $answer))))))
  (func (export "run") async (result u32) (canon lift (core func $i "run") async))
  (func (export "spin") async (result u32) (canon lift (core func $i "spin") async)))"""


def test_an_async_function_answers() -> None:
    instance = started(ASYNC)
    assert call(instance, ASYNC, "answer") == 42
    assert call(instance, ASYNC, "echo", "hi") == "hi"


@pytest.mark.parametrize("turns", [0, 1, 100])
def test_an_async_function_that_yields_goes_on(turns: int) -> None:
    instance = started(ASYNC)
    assert call(instance, ASYNC, "patient", turns) == 42
    assert instance.at_rest


def test_an_async_function_can_be_called_again_and_again() -> None:
    instance = started(ASYNC)
    assert [call(instance, ASYNC, "patient", n % 5) for n in range(200)] == [42] * 200


def test_an_async_function_that_never_ends_is_closed() -> None:
    instance = started(ASYNC)
    outcome = instance.invoke(ASYNC.function(None, "forever"), [])
    for _ in range(100):
        assert outcome is PENDING
        assert instance.awaitable is None
        outcome = instance.step()
    instance.close()
    assert not instance.alive


def test_an_async_function_that_never_ends_is_interrupted_in_a_thread() -> None:
    instance = started(ASYNC)
    instance.begin(ASYNC.function(None, "forever"), [])
    worker = threading.Thread(target=instance.step_in_thread)
    worker.start()
    instance.interrupt()
    worker.join(10)
    assert not worker.is_alive()
    assert instance.collect() is PENDING
    instance.close()


def test_ordinary_guests_run_with_concurrency_on() -> None:
    echo = compiled("echo", concurrency=True)
    assert call(started(echo), echo, "echo", "hi") == "hi"


def test_a_guest_may_call_the_host_with_concurrency_on() -> None:
    async def say(_: object, text: str) -> str:
        return text * 2

    of = compiled("host-call", concurrency=True)
    calls: dict[tuple[str | None, str], Any] = {
        ("test:host/calls", name): say for name in ("say", "ping", "wait")
    }
    instance = started(of, calls)
    assert [call(instance, of, "relay", "ab") for _ in range(50)] == ["abab"] * 50


def test_a_task_that_calls_the_host_after_its_answer_is_over_first() -> None:
    heard: list[str] = []

    async def say(_: object, text: str) -> str:
        heard.append(text)
        return text

    of = compiled_text(AFTERWARDS, concurrency=True)
    instance = started(of, {(None, "say"): say})
    for _ in range(3):
        waiting = wait_for_host(instance, instance.invoke(of.function(None, "run"), []))
        assert finish(instance, instance.answer(run(waiting))) == 5
    assert heard == ["after"] * 3


def test_a_task_that_computes_after_its_answer_can_be_closed() -> None:
    of = compiled_text(AFTERWARDS, concurrency=True)
    instance = started(of, {(None, "say"): lambda _, text: text})
    assert instance.invoke(of.function(None, "spin"), []) is PENDING
    instance.close()


def test_a_task_that_is_closed_in_a_host_call_ends() -> None:
    async def say(*_: object) -> str:
        return "never"

    of = compiled_text(AFTERWARDS, concurrency=True)
    for _ in range(100):
        instance = started(of, {(None, "say"): say})
        wait_for_host(instance, instance.invoke(of.function(None, "run"), []))
        instance.close()


def test_limits_hold_with_concurrency_on() -> None:
    instance = started(ASYNC, limits=Limits(input_bytes_max=10))
    with pytest.raises(LimitHit, match="input"):
        instance.invoke(ASYNC.function(None, "echo"), ["x" * 10])
    instance = started(ASYNC, limits=Limits(output_bytes_max=10))
    with pytest.raises(LimitHit, match="output"):
        call(instance, ASYNC, "echo", "x" * 10)


def test_an_async_import_cannot_be_served() -> None:
    of = compiled_text('(component (import "say" (func async)))', concurrency=True)
    assert of.imports.functions["say"].is_async
    with pytest.raises(CannotInstantiate, match="type mismatch with async"):
        started(of, {(None, "say"): lambda _: None})


def test_an_instance_of_an_async_guest_is_like_any_other() -> None:
    instance = started(ASYNC)
    assert isinstance(instance, Instance)
    with pytest.raises(RuntimeError):
        instance.step()
