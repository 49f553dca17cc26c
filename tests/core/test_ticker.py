"""The ticker ends time slices while guests run, and sleeps while none does."""

import time
from pathlib import Path

from core.driving import call, compiled, serving, started

from innkeeper_core.component import PENDING
from innkeeper_core.ticker import TICK_S, ticks

LINGER_S = 0.05  # it stays awake a little after the last guest
SWITCHES = "voluntary_ctxt_switches"


def asleep() -> int:
    """Wait until it sleeps; how often it has ticked."""
    ends_s = time.monotonic() + 5
    while time.monotonic() < ends_s:
        before = ticks()
        time.sleep(LINGER_S)
        if ticks() == before:
            return before
    raise AssertionError("the ticker does not go to sleep")


def wakeups() -> int:
    """How often the threads of this process have slept and woken, but for the asking one."""
    total = 0
    for status in Path("/proc/self/task").glob("*/status"):
        if status.parent.name != Path("/proc/thread-self").resolve().name:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
            total += int(lines[SWITCHES])
    return total


def test_it_ticks_while_a_guest_computes() -> None:
    loop = compiled("loop")
    instance = started(loop)
    before = ticks()
    outcome = instance.invoke(loop.function(None, "endless"), [])
    for _ in range(20):
        assert outcome is PENDING
        outcome = instance.step()
    assert ticks() - before >= 20
    instance.close()


def test_it_sleeps_soon_after_the_last_call() -> None:
    echo = compiled("echo")
    call(started(echo), echo, "echo", "hi")
    before = asleep()
    time.sleep(10 * LINGER_S)
    assert ticks() == before


def test_it_sleeps_while_guests_wait_for_the_host() -> None:
    async def wait(*_: object) -> None:
        raise AssertionError("nobody awaits it")

    of = compiled("host-call")
    instances = [started(of, serving(wait=wait)) for _ in range(10)]
    for instance in instances:
        outcome = instance.invoke(of.function(None, "pause"), [1])
        while instance.awaitable is None:
            assert outcome is PENDING
            outcome = instance.step()
    before = asleep()
    time.sleep(5 * LINGER_S)
    assert ticks() == before
    for instance in instances:
        instance.close()


def test_it_wakes_for_the_next_guest() -> None:
    before = asleep()
    loop = compiled("loop")
    instance = started(loop)
    assert instance.invoke(loop.function(None, "endless"), []) is PENDING
    assert ticks() > before
    instance.close()


def test_it_wakes_and_sleeps_many_times() -> None:
    loop = compiled("loop")
    instance = started(loop)
    for _ in range(5):
        asleep()
        outcome = instance.invoke(loop.function(None, "spin"), [5_000_000])
        while outcome is PENDING:
            outcome = instance.step()
        assert outcome == 5_000_000


def test_an_idle_process_is_not_woken() -> None:
    asleep()
    before, used_s = wakeups(), time.process_time()
    time.sleep(0.5)
    # The ticker alone would wake 500 times; other threads of the tests may stir.
    assert wakeups() - before < 50
    assert time.process_time() - used_s < 0.25


def test_a_tick_is_a_thousandth_of_a_second() -> None:
    assert TICK_S == 0.001
