"""A handler that fails ends the call with its own exception, the very object, and the instance."""

import gc
import sys
import weakref
from typing import Any

import pytest
from core.driving import call, compiled, compiled_text, finish, run, serving, started, wait_for_host
from core.relay import relay

from innkeeper_core.component import Instance, LimitHit, ToolErr, Trap
from innkeeper_core.values import Type, ValueMismatch

HOST_CALL = compiled("host-call")
RELAY = HOST_CALL.function(None, "relay")


class OwnError(Exception):
    pass


class OwnExit(BaseException):
    pass


RAISED = [
    OwnError("mine"),
    OwnExit("mine"),
    KeyboardInterrupt(),
    SystemExit(3),
    GeneratorExit(),
    StopIteration(5),
    MemoryError(),
    RecursionError(),
    Trap("not the guest's"),
    LimitHit("output"),
    ValueMismatch("not the value's"),
]


def failing(error: BaseException) -> Instance:
    def say(*_: object) -> None:
        raise error

    return started(HOST_CALL, serving(say=say))


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_what_a_plain_handler_raises_is_what_the_caller_gets(error: BaseException) -> None:
    instance = failing(error)
    with pytest.raises(type(error)) as caught:
        finish(instance, instance.invoke(RELAY, ["hi"]))
    assert caught.value is error
    assert not instance.alive


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_what_an_async_handler_raises_is_its_awaiter_s(error: BaseException) -> None:
    async def say(*_: object) -> None:
        raise error

    instance = started(HOST_CALL, serving(say=say))
    wait_for_host(instance, instance.invoke(RELAY, ["hi"]))
    wrapped = RuntimeError if isinstance(error, StopIteration) else type(error)
    with pytest.raises(wrapped) as caught:
        run(instance.awaitable)
    assert error in (caught.value, caught.value.__cause__)
    instance.close()


def test_a_handler_that_fails_in_the_middle_ends_the_call() -> None:
    def ping(_: object, number: int) -> int:
        if number == 50:
            raise OwnError(number)
        return number

    instance = started(HOST_CALL, serving(ping=ping))
    with pytest.raises(OwnError, match="50"):
        call(instance, HOST_CALL, "ping-many", 100)
    assert not instance.alive


def test_a_handler_that_fails_while_instantiating_ends_the_instance() -> None:
    def ping(*_: object) -> None:
        raise OwnError

    with pytest.raises(OwnError):
        started(compiled("start-ping"), serving(ping=ping))


@pytest.mark.parametrize("answer", [7, None, b"hi", "\ud800", ["hi"]])
def test_an_answer_that_does_not_fit_ends_the_call(answer: object) -> None:
    async def later(*_: object) -> object:
        return answer

    for handler in (lambda *_: answer, later):
        instance = started(HOST_CALL, serving(say=handler))
        with pytest.raises(ValueMismatch):
            call(instance, HOST_CALL, "relay", "hi")
        assert not instance.alive


def test_an_answer_where_none_is_wanted_ends_the_call() -> None:
    instance = started(HOST_CALL, serving(wait=lambda *_: 5))
    with pytest.raises(TypeError, match=r"test:host/calls#wait has no result"):
        call(instance, HOST_CALL, "pause", 1)
    assert not instance.alive


def test_a_tool_error_where_no_error_side_is_ends_the_call() -> None:
    instance = failing(ToolErr("no"))
    with pytest.raises(TypeError, match=r"test:host/calls#say has no error side"):
        call(instance, HOST_CALL, "relay", "hi")
    assert not instance.alive


@pytest.mark.parametrize("payload", [7, None])
def test_a_tool_error_that_does_not_fit_ends_the_call(payload: object) -> None:
    of = compiled_text(relay({"f": Type("result", [None, Type("string")])}))

    def handler(*_: object) -> None:
        raise ToolErr(payload)

    instance = started(of, {(None, "f"): handler})
    with pytest.raises(ValueMismatch):
        call(instance, of, "f", ("ok", None))
    assert not instance.alive


def test_a_failed_call_leaves_other_instances_alone() -> None:
    def say(mine: str, text: str) -> str:
        if mine == "bad":
            raise OwnError
        return text

    good = started(HOST_CALL, serving(say=say), context="good")
    bad = started(HOST_CALL, serving(say=say), context="bad")
    with pytest.raises(OwnError):
        call(bad, HOST_CALL, "relay", "hi")
    assert call(good, HOST_CALL, "relay", "hi") == "hi"


def test_an_exception_is_kept_by_nobody_but_its_catcher() -> None:
    error: Any = OwnError()
    instance = failing(error)
    watched = weakref.ref(error)
    with pytest.raises(OwnError):
        finish(instance, instance.invoke(RELAY, ["hi"]))
    del error
    instance = started(compiled("echo"))
    gc.collect()
    assert watched() is None
    assert sys.exc_info() == (None, None, None)
    assert instance.at_rest


def test_the_coroutine_of_a_call_that_is_closed_is_closed() -> None:
    steps: list[str] = []

    class Pause:
        def __await__(self) -> Any:
            yield

    async def say(*_: object) -> str:
        try:
            steps.append("begun")
            await Pause()
        finally:
            steps.append("ended")
        return "never"

    instance = started(HOST_CALL, serving(say=say))
    wait_for_host(instance, instance.invoke(RELAY, ["hi"]))
    instance.awaitable.send(None)
    instance.close()
    assert steps == ["begun", "ended"]


def test_a_coroutine_that_was_never_awaited_is_closed_without_a_warning() -> None:
    async def say(*_: object) -> str:
        return "never"

    instance = started(HOST_CALL, serving(say=say))
    wait_for_host(instance, instance.invoke(RELAY, ["hi"]))
    instance.close()
    gc.collect()


def test_a_coroutine_that_fails_while_it_is_closed_does_not_stop_the_closing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Pause:
        def __await__(self) -> Any:
            yield

    async def say(*_: object) -> str:
        try:
            await Pause()
        finally:
            raise OwnError("in closing")
        return "never"

    reported: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: reported.append(args.exc_value))
    instance = started(HOST_CALL, serving(say=say))
    wait_for_host(instance, instance.invoke(RELAY, ["hi"]))
    instance.awaitable.send(None)
    instance.close()
    assert not instance.alive
    assert [str(error) for error in reported] == ["in closing"]
