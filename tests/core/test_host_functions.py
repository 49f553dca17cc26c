"""Host functions: what they are called with, and how their answers come back."""

from collections.abc import Callable
from typing import Any

import pytest
from components.value_types import TYPES
from core.driving import (
    CALLS,
    call,
    compiled,
    compiled_text,
    engine,
    finish,
    fresh,
    refuse,
    run,
    serving,
    started,
    wait_for_host,
)
from core.relay import relay
from core.type_strategies import exact, types, values
from guests import component
from hypothesis import given, settings
from hypothesis import strategies as st

from innkeeper_core.component import PENDING, Instance, ToolErr
from innkeeper_core.values import Type

RESULTS = {
    "both": Type("result", [Type("u32"), Type("string")]),
    "ok-only": Type("result", [Type("string"), None]),
    "error-only": Type("result", [None, Type("string")]),
    "neither": Type("result", [None, None]),
}
HOST_CALL = compiled("host-call")


def answering(handler: Callable[..., Any]) -> tuple[Instance, Any]:
    """An instance that asks for each of RESULTS, and its component."""
    of = compiled_text(relay(RESULTS))
    return started(of, {(None, name): handler for name in RESULTS}), of


def test_a_plain_handler_answers_within_the_slice() -> None:
    instance = started(HOST_CALL, serving(say=lambda _, text: f"heard {text}"))
    assert (
        finish(instance, instance.invoke(HOST_CALL.function(None, "relay"), ["hi"])) == "heard hi"
    )


def test_a_handler_is_given_the_context_of_its_instance() -> None:
    context = object()
    heard: list[object] = []

    def say(given_context: object, text: str) -> str:
        heard.append(given_context)
        return text

    instance = started(HOST_CALL, serving(say=say), context=context)
    call(instance, HOST_CALL, "relay", "hi")
    assert instance.context is context
    assert heard == [context]


def test_an_async_handler_is_awaited_by_whoever_drives() -> None:
    async def say(_: object, text: str) -> str:
        return f"heard {text}"

    instance = started(HOST_CALL, serving(say=say))
    waiting = wait_for_host(instance, instance.invoke(HOST_CALL.function(None, "relay"), ["hi"]))
    assert finish(instance, instance.answer(run(waiting))) == "heard hi"
    assert instance.awaitable is None


def test_plain_and_async_handlers_serve_one_guest_in_turn() -> None:
    async def later(number: int) -> int:
        return number * 10

    def ping(_: object, number: int) -> Any:
        return later(number) if number % 2 else number

    instance = started(HOST_CALL, serving(ping=ping))
    assert call(instance, HOST_CALL, "ping-many", 5) == 0 + 10 + 2 + 30 + 4


async def test_an_async_handler_may_wait_in_an_event_loop() -> None:
    import trio

    async def wait(_: object, ms: int) -> None:
        await trio.sleep(ms / 1_000)

    instance = started(HOST_CALL, serving(wait=wait))
    waiting = wait_for_host(instance, instance.invoke(HOST_CALL.function(None, "pause"), [1]))
    assert finish(instance, instance.answer(await waiting)) is None


def test_host_calls_are_counted_for_each_call() -> None:
    instance = started(HOST_CALL, serving(ping=lambda _, number: number))
    call(instance, HOST_CALL, "ping-many", 7)
    assert instance.host_calls == 7
    call(instance, HOST_CALL, "ping-many", 3)
    assert instance.host_calls == 3


def test_many_host_calls_do_not_keep_the_slice() -> None:
    instance = started(HOST_CALL, serving(ping=lambda _, number: number))
    outcome = instance.invoke(HOST_CALL.function(None, "ping-many"), [200_000])
    assert outcome is PENDING
    assert instance.awaitable is None
    assert finish(instance, outcome) == sum(range(200_000)) % (1 << 32)


def returned(ty: Type, value: Any) -> object:
    """End a handler with this answer: a WIT result is its ok side, or a ToolErr."""
    if ty.kind != "result":
        return value
    side, payload = value
    if side == "error":
        raise ToolErr(payload)
    return payload


@pytest.mark.parametrize("name", TYPES)
def test_a_value_of_every_kind_goes_to_the_host_and_back(name: str) -> None:
    of = compiled_text(relay(TYPES))
    ty = of.function(None, name).type.result
    assert ty is not None

    @settings(max_examples=30)
    @given(values(ty), values(ty))
    def relayed(value: object, answer: object) -> None:
        heard: list[object] = []

        def handler(_: object, given_value: object) -> object:
            heard.append(given_value)
            return returned(ty, answer)

        instance = started(of, {(None, each): handler for each in TYPES})
        assert exact(call(instance, of, name, value)) == exact(answer)
        assert exact(heard) == exact([value])

    relayed()


@given(st.data(), types(depth=3))
def test_a_value_of_any_type_goes_to_the_host_and_back(data: st.DataObject, ty: Type) -> None:
    of = engine().compile(component(relay({"f": ty})))
    value = data.draw(values(ty))
    instance = started(of, {(None, "f"): lambda _, heard: returned(ty, heard)})
    assert exact(call(instance, of, "f", value)) == exact(value)


@pytest.mark.parametrize("side", ["ok", "error"])
def test_a_result_that_is_given_in_stays_inside(side: str) -> None:
    # The handler of a function that answers a result gives its ok side, or raises ToolErr.
    instance, of = answering(lambda _, heard: heard[1])
    assert call(instance, of, "neither", (side, None)) == ("ok", None)


@pytest.mark.parametrize(
    ("name", "payload"), [("both", 7), ("ok-only", "fine"), ("error-only", None), ("neither", None)]
)
def test_what_a_handler_returns_is_the_ok_side_of_a_result(name: str, payload: object) -> None:
    instance, of = answering(lambda *_: payload)
    assert call(instance, of, name, ("ok", payload)) == ("ok", payload)


@pytest.mark.parametrize(
    ("name", "payload"),
    [("both", "no"), ("ok-only", None), ("error-only", "no"), ("neither", None)],
)
def test_a_tool_error_is_the_error_side_of_a_result(name: str, payload: object) -> None:
    ok = {"both": 1, "ok-only": "x", "error-only": None, "neither": None}[name]

    def plain(*_: object) -> None:
        raise ToolErr(payload)

    async def later(*_: object) -> None:
        raise ToolErr(payload)

    for handler in (plain, later):
        instance, of = answering(handler)
        assert call(instance, of, name, ("ok", ok)) == ("error", payload)
        assert instance.at_rest


def test_a_handler_is_found_by_interface_and_name() -> None:
    instance = fresh(HOST_CALL, {(CALLS, name): refuse for name in ("say", "ping", "wait")})
    finish(instance, instance.instantiate())
    wrong = {(None, "say"): lambda *_: "root", ("other:calls/calls", "say"): lambda *_: "other"}
    instance = started(HOST_CALL, {**wrong, **serving(say=lambda *_: "right")})
    assert call(instance, HOST_CALL, "relay", "hi") == "right"
