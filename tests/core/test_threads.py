"""A guest in a worker thread: without the GIL, ended at a tick, served where its owner is."""

import threading
import time
from collections.abc import Callable

import pytest
from core.driving import call, compiled, finish, run, serving, started, wait_for_host

from innkeeper_core.component import PENDING, Instance, Trap

LOOP, HOST_CALL, CPU = compiled("loop"), compiled("host-call"), compiled("cpu")
PATIENCE_S = 10.0


class Worker(threading.Thread):
    """Runs one thing; what came of it."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self.outcome: object = None
        self.start()

    def run(self) -> None:
        try:
            self.outcome = self._work()
        except BaseException as error:
            self.outcome = error

    def wait(self) -> object:
        """Join, within reason."""
        self.join(PATIENCE_S)
        assert not self.is_alive()
        return self.outcome


def endless() -> Instance:
    instance = started(LOOP)
    instance.begin(LOOP.function(None, "endless"), [])
    return instance


def test_a_guest_ends_in_a_thread() -> None:
    instance = started(CPU)
    instance.begin(CPU.function(None, "work"), [1])
    assert Worker(instance.step_in_thread).wait() in (1, 2)
    assert not instance.in_thread
    assert instance.collect() == 8748534153485358512


def test_a_guest_may_move_to_a_thread_in_the_middle() -> None:
    instance = started(LOOP)
    assert instance.invoke(LOOP.function(None, "spin"), [50_000_000]) is PENDING
    Worker(instance.step_in_thread).wait()
    assert instance.collect() == 50_000_000


def test_a_guest_may_move_from_thread_to_thread() -> None:
    instance = started(LOOP)
    instance.begin(LOOP.function(None, "spin"), [30_000_000])
    outcome: object = PENDING
    for _ in range(1_000):
        Worker(lambda: instance.step_in_thread(2)).wait()
        outcome = instance.collect()
        if outcome is not PENDING:
            break
    assert outcome == 30_000_000


def test_a_guest_in_a_thread_comes_back_after_so_many_slices() -> None:
    instance = endless()
    assert Worker(lambda: instance.step_in_thread(5)).wait() == 5
    assert instance.collect() is PENDING
    instance.close()


@pytest.mark.parametrize("slices", [0, -1])
def test_no_slices_are_no_slices(slices: int) -> None:
    instance = endless()
    assert instance.step_in_thread(slices) == 0
    instance.close()


def test_a_guest_in_a_thread_comes_back_when_it_is_interrupted() -> None:
    instance = endless()
    worker = Worker(instance.step_in_thread)
    while not instance.in_thread:
        time.sleep(0.001)
    instance.interrupt()
    assert isinstance(worker.wait(), int)
    assert instance.collect() is PENDING
    instance.close()


def test_an_interrupt_before_the_thread_begins_is_not_lost() -> None:
    instance = endless()
    instance.interrupt()
    assert Worker(instance.step_in_thread).wait() == 0
    assert instance.collect() is PENDING
    assert Worker(lambda: instance.step_in_thread(3)).wait() == 3
    instance.close()


def test_an_instance_in_a_thread_is_left_alone() -> None:
    instance = endless()
    worker = Worker(instance.step_in_thread)
    while not instance.in_thread:
        time.sleep(0.001)
    moves: list[Callable[[], object]] = [
        instance.close,
        instance.step,
        instance.collect,
        instance.step_in_thread,
        instance.instantiate,
        instance.fuel_left,
        lambda: instance.answer(1),
        lambda: instance.invoke(LOOP.function(None, "endless"), []),
    ]
    for move in moves:
        with pytest.raises(RuntimeError, match="in a thread"):
            move()
    instance.interrupt()
    worker.wait()
    instance.collect()
    instance.close()


def test_an_instance_that_another_thread_steps_is_left_alone() -> None:
    instance = endless()
    begun, refused = threading.Event(), []

    def disturb() -> None:
        while not begun.is_set():
            time.sleep(0.000_1)
        for _ in range(200):
            for move in (instance.close, instance.step, instance.collect):
                try:
                    move()
                except RuntimeError as error:
                    refused.append(str(error))
            time.sleep(0)

    worker = Worker(disturb)
    begun.set()
    while worker.is_alive() and instance.alive:
        try:
            instance.step()
        except RuntimeError as error:
            refused.append(str(error))
    worker.wait()
    instance.close()
    assert refused


def test_the_gil_is_free_while_a_guest_runs_in_a_thread() -> None:
    instance = endless()
    worker = Worker(lambda: instance.step_in_thread(100))
    counted = 0
    while worker.is_alive():
        counted += 1
    assert counted > 1_000
    instance.collect()
    instance.close()


def test_a_trap_in_a_thread_is_raised_where_it_is_collected() -> None:
    of = compiled("recursion")
    instance = started(of)
    instance.begin(of.function(None, "dive"), [])
    Worker(instance.step_in_thread).wait()
    with pytest.raises(Trap, match="call stack exhausted"):
        instance.collect()
    assert not instance.alive


def test_handlers_run_where_the_call_is_collected() -> None:
    seen: set[int] = set()

    def ping(_: object, number: int) -> int:
        seen.add(threading.get_ident())
        return number

    instance = started(HOST_CALL, serving(ping=ping))
    instance.begin(HOST_CALL.function(None, "ping-many"), [100])
    outcome: object = PENDING
    while outcome is PENDING:
        Worker(instance.step_in_thread).wait()
        outcome = instance.collect()
    assert outcome == sum(range(100))
    assert seen == {threading.get_ident()}


def test_an_async_handler_of_a_guest_in_a_thread_is_awaited_here() -> None:
    async def say(_: object, text: str) -> str:
        return text * 2

    instance = started(HOST_CALL, serving(say=say))
    instance.begin(HOST_CALL.function(None, "relay"), ["ab"])
    Worker(instance.step_in_thread).wait()
    waiting = wait_for_host(instance, instance.collect())
    assert finish(instance, instance.answer(run(waiting))) == "abab"


def test_a_suspended_guest_goes_on_in_another_thread() -> None:
    async def say(_: object, text: str) -> str:
        return f"heard {text}"

    instance = started(HOST_CALL, serving(say=say))
    waiting = wait_for_host(instance, instance.invoke(HOST_CALL.function(None, "relay"), ["hi"]))
    answer = run(waiting)
    assert Worker(lambda: finish(instance, instance.answer(answer))).wait() == "heard hi"
    assert call(instance, HOST_CALL, "relay", "again") == "heard again"


def test_a_suspended_guest_can_be_closed_in_another_thread() -> None:
    async def say(*_: object) -> str:
        return "never"

    instance = started(HOST_CALL, serving(say=say))
    wait_for_host(instance, instance.invoke(HOST_CALL.function(None, "relay"), ["hi"]))
    Worker(instance.close).wait()
    assert not instance.alive


def test_an_instance_made_in_one_thread_is_called_in_others() -> None:
    counter = compiled("counter")
    instance = started(counter)
    answers = [Worker(lambda: call(instance, counter, "next")).wait() for _ in range(20)]
    assert answers == list(range(1, 21))


def test_instances_run_in_many_threads_at_once() -> None:
    def work() -> object:
        instance = started(CPU)
        return [call(instance, CPU, "work", 1_000) for _ in range(50)]

    workers = [Worker(work) for _ in range(8)]
    assert len({str(worker.wait()) for worker in workers}) == 1


def test_a_trap_in_one_thread_leaves_the_others_alone() -> None:
    zero, echo = compiled("div-zero"), compiled("echo")
    ends_s = time.monotonic() + 0.3

    def trap() -> int:
        trapped = 0
        while time.monotonic() < ends_s:
            with pytest.raises(Trap, match="integer divide by zero"):
                call(started(zero), zero, "divide", 1, 0)
            trapped += 1
        return trapped

    def answer() -> int:
        answered, instance = 0, started(echo)
        while time.monotonic() < ends_s:
            assert call(instance, echo, "echo", str(answered)) == str(answered)
            answered += 1
        return answered

    workers = [Worker(trap), Worker(answer), Worker(trap), Worker(answer)]
    for worker in workers:
        outcome = worker.wait()
        assert isinstance(outcome, int)
        assert outcome > 0
