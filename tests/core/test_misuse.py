"""Out of turn, an instance answers with a RuntimeError and is what it was: never a crash."""

from collections.abc import Callable
from typing import Any

import pytest
from core.driving import call, compiled, engine, finish, fresh, run, serving, started, wait_for_host
from guests import guest

from innkeeper_core.component import (
    PENDING,
    CannotInstantiate,
    Component,
    Engine,
    Function,
    Instance,
    Limits,
    Linker,
    Pooling,
)

Move = Callable[[Instance], Any]
ECHO, HOST_CALL = compiled("echo"), compiled("host-call")
TEXT = ECHO.function(None, "echo")

INVOKE: Move = lambda instance: instance.invoke(TEXT, ["hi"])  # noqa: E731
BEGIN: Move = lambda instance: instance.begin(TEXT, ["hi"])  # noqa: E731
INSTANTIATE: Move = Instance.instantiate
STEP: Move = Instance.step
ANSWER: Move = lambda instance: instance.answer(1)  # noqa: E731
ANSWER_ERROR: Move = lambda instance: instance.answer_error(1)  # noqa: E731
IN_THREAD: Move = Instance.step_in_thread
COLLECT: Move = Instance.collect


async def say(_: object, text: str) -> str:
    return f"heard {text}"


def waiting() -> Instance:
    """An instance whose guest waits for an async host function."""
    instance = started(HOST_CALL, serving(say=say))
    wait_for_host(instance, instance.invoke(HOST_CALL.function(None, "relay"), ["hi"]))
    return instance


def dead() -> Instance:
    instance = started(ECHO)
    instance.close()
    return instance


@pytest.mark.parametrize("move", [INVOKE, BEGIN, STEP, ANSWER, ANSWER_ERROR, IN_THREAD, COLLECT])
def test_a_new_instance_is_instantiated_first(move: Move) -> None:
    instance = fresh(ECHO)
    with pytest.raises(RuntimeError):
        move(instance)
    finish(instance, instance.instantiate())
    assert call(instance, ECHO, "echo", "hi") == "hi"


@pytest.mark.parametrize("move", [INSTANTIATE, STEP, ANSWER, ANSWER_ERROR, IN_THREAD, COLLECT])
def test_an_instance_at_rest_is_invoked_first(move: Move) -> None:
    instance = started(ECHO)
    with pytest.raises(RuntimeError):
        move(instance)
    assert call(instance, ECHO, "echo", "hi") == "hi"


@pytest.mark.parametrize(
    "move", [INSTANTIATE, INVOKE, BEGIN, STEP, ANSWER, ANSWER_ERROR, IN_THREAD, COLLECT]
)
def test_a_dead_instance_does_nothing(move: Move) -> None:
    instance = dead()
    with pytest.raises(RuntimeError):
        move(instance)
    assert not instance.alive
    assert not instance.at_rest
    assert instance.fuel_left() == 0


@pytest.mark.parametrize("move", [INSTANTIATE, INVOKE, BEGIN, IN_THREAD])
def test_a_waiting_instance_is_answered_first(move: Move) -> None:
    instance = waiting()
    with pytest.raises(RuntimeError):
        move(instance)
    assert finish(instance, instance.answer(run(instance.awaitable))) == "heard hi"


@pytest.mark.parametrize("move", [INSTANTIATE, INVOKE, BEGIN, ANSWER, ANSWER_ERROR])
def test_a_computing_instance_is_stepped_first(move: Move) -> None:
    loop = compiled("loop")
    instance = started(loop)
    outcome = instance.invoke(loop.function(None, "spin"), [20_000_000])
    assert outcome is PENDING
    with pytest.raises(RuntimeError):
        move(instance)
    assert finish(instance, outcome) == 20_000_000


@pytest.mark.parametrize("move", [STEP, COLLECT])
def test_a_waiting_instance_that_is_stepped_waits_on(move: Move) -> None:
    instance = waiting()
    assert move(instance) is PENDING
    assert finish(instance, instance.answer(run(instance.awaitable))) == "heard hi"


def test_a_host_call_is_answered_once() -> None:
    of = compiled("host-call")
    instance = started(of, serving(say=say))
    wait_for_host(instance, instance.invoke(of.function(None, "relay"), ["hi"]))
    assert finish(instance, instance.answer(run(instance.awaitable))) == "heard hi"
    with pytest.raises(RuntimeError):
        instance.answer("again")


@pytest.mark.parametrize("move", [STEP, COLLECT])
def test_a_guest_that_ended_in_a_thread_is_not_run_again(move: Move) -> None:
    instance = started(ECHO)
    instance.begin(TEXT, ["hi"])
    assert instance.step_in_thread() >= 1
    assert instance.step_in_thread() == 0
    assert move(instance) == "hi"
    assert instance.at_rest


@pytest.mark.parametrize("move", [STEP, COLLECT])
def test_a_guest_that_calls_the_host_in_a_thread_is_served_here(move: Move) -> None:
    instance = started(HOST_CALL, serving(say=lambda _, text: text * 2))
    instance.begin(HOST_CALL.function(None, "relay"), ["ab"])
    assert instance.step_in_thread() >= 1
    assert finish(instance, move(instance)) == "abab"


def test_a_function_of_another_component_is_refused() -> None:
    twin = engine().compile(guest("echo"))
    instance = started(ECHO)
    with pytest.raises(RuntimeError, match="another component"):
        instance.invoke(twin.function(None, "echo"), ["hi"])
    assert finish(instance, instance.invoke(TEXT, ["hi"])) == "hi"


def test_closing_twice_is_closing_once() -> None:
    instance = started(ECHO)
    instance.close()
    instance.close()
    assert not instance.alive


@pytest.mark.parametrize("prepare", [lambda: fresh(ECHO), lambda: started(ECHO), waiting, dead])
def test_an_instance_can_be_closed_in_any_state(prepare: Callable[[], Instance]) -> None:
    instance = prepare()
    instance.close()
    assert not instance.alive
    assert instance.awaitable is None


@pytest.mark.parametrize("turns", [0, 3])
def test_a_computing_guest_can_be_closed(turns: int) -> None:
    loop = compiled("loop")
    instance = started(loop)
    instance.begin(loop.function(None, "endless"), [])
    for _ in range(turns):
        assert instance.step() is PENDING
    instance.close()
    assert not instance.alive


@pytest.mark.parametrize(
    "move", [Instance.close, INVOKE, BEGIN, STEP, ANSWER, IN_THREAD, COLLECT, Instance.fuel_left]
)
def test_a_handler_cannot_drive_the_instance_that_calls_it(move: Move) -> None:
    told: list[str] = []

    def ping(instance: list[Instance], number: int) -> int:
        with pytest.raises(RuntimeError, match="being driven") as refused:
            move(instance[0])
        told.append(str(refused.value))
        return number

    mine: list[Instance] = []
    mine.append(started(HOST_CALL, serving(ping=ping), context=mine))
    assert call(mine[0], HOST_CALL, "ping-many", 3) == 3
    assert len(told) == 3


def test_an_async_handler_that_closes_its_instance_ends_the_call() -> None:
    async def closing(instance: list[Instance], text: str) -> str:
        instance[0].close()
        return text

    mine: list[Instance] = []
    mine.append(started(HOST_CALL, serving(say=closing), context=mine))
    wait_for_host(mine[0], mine[0].invoke(HOST_CALL.function(None, "relay"), ["hi"]))
    answer = run(mine[0].awaitable)
    with pytest.raises(RuntimeError, match="no call is under way"):
        mine[0].answer(answer)


def test_arguments_cannot_drive_the_instance_they_are_for() -> None:
    class Driving(dict[str, object]):
        def get(self, name: str, default: object = None) -> object:
            for move in (INVOKE, Instance.close):
                with pytest.raises(RuntimeError, match="being driven"):
                    move(instance)
            return super().get(name, default)

    types = compiled("types")
    instance = started(types)
    point = {"x": 1, "y": 2.0, "label": "a"}
    assert call(instance, types, "same-point", Driving(point)) == point


@pytest.mark.parametrize("interrupted", [fresh(ECHO), started(ECHO), dead()])
def test_interrupting_what_does_not_run_in_a_thread_does_nothing(interrupted: Instance) -> None:
    alive = interrupted.alive
    interrupted.interrupt()
    assert interrupted.alive is alive


@pytest.mark.parametrize("made", [Component, Function])
def test_what_an_engine_makes_is_not_made_by_hand(made: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="comes from"):
        made()


# Any: what the types of the stubs forbid
NO: Any = None
OTHER: Any = "text"
NOTHING: dict[str, Any] = {}


@pytest.mark.parametrize(
    "make",
    [
        lambda: Linker(NO),
        lambda: Linker.__new__(Linker, *()),  # type: ignore[call-arg]
        lambda: Instance(NO, Limits()),
        lambda: Instance(Linker(ECHO), NO),
        lambda: started(ECHO).invoke(NO, []),
        lambda: started(ECHO).begin(NO, []),
        lambda: started(ECHO).invoke(TEXT, NO),
        lambda: Engine(pooling=OTHER),
        lambda: Pooling(**dict(NOTHING)),
        lambda: engine().compile(NO),
        lambda: engine().compile(OTHER),
    ],
)
def test_none_and_other_things_are_type_errors(make: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Engine(stack_bytes_max=1 << 20, fiber_bytes=1 << 20),
        lambda: Engine(stack_bytes_max=0),
        lambda: Pooling(instances=1 << 31, memory_bytes_max=1, table_elements_max=1),
        lambda: Limits(memory_bytes_max=-1),
        lambda: Limits(instances_max=-1),
        lambda: Limits(host_calls_per_s=-0.5),
        lambda: Limits(host_calls_per_s=float("nan")),
        lambda: Limits(host_calls_per_s=float("inf")),
    ],
)
def test_numbers_that_make_no_sense_are_value_errors(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Limits(input_bytes_max=-1),
        lambda: Limits(fuel_max=1 << 64),
        lambda: Engine(memory_reservation=-1),
        lambda: Engine(memory_guard=1 << 64),
        lambda: Pooling(instances=-1, memory_bytes_max=1, table_elements_max=1),
    ],
)
def test_numbers_that_do_not_fit_are_overflow_errors(make: Callable[[], object]) -> None:
    with pytest.raises(OverflowError):
        make()


def test_a_linker_is_bound_once() -> None:
    linker = Linker(HOST_CALL, serving(say=say))
    linker.__init__(*[HOST_CALL])
    assert linker.missing == ()


def test_an_instance_needs_all_its_imports() -> None:
    linker = Linker(HOST_CALL, {("test:host/calls", "say"): say})
    assert linker.missing == ("test:host/calls#ping", "test:host/calls#wait")
    with pytest.raises(CannotInstantiate, match="test:host/calls#ping"):
        Instance(linker, Limits())
