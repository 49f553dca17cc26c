"""A call ends when its client goes."""

from collections.abc import AsyncIterator

import pytest
import trio
import trio.lowlevel
from trio.testing import MockClock
from unit.http_api.face import JSON_HEADER, Call, Client, FakeHost, make_api

from innkeeper.http_api.watch import TICK_S, CallWatch


class SlowHost(FakeHost):
    """A host whose calls take `call_s`, and that counts those that were cancelled."""

    def __init__(self, call_s: float) -> None:
        super().__init__(self._sleep)
        self.cancelled = 0
        self._call_s = call_s

    async def _sleep(self, call: Call) -> object:
        try:
            await trio.sleep(self._call_s)
        except trio.Cancelled:
            self.cancelled += 1
            raise
        return "done"


@pytest.fixture
async def watch() -> AsyncIterator[CallWatch]:
    watch = CallWatch()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch.run)
        yield watch
        nursery.cancel_scope.cancel()


def caller() -> Client:
    return Client("POST", "/tools/x.echo:invoke", headers=[JSON_HEADER], body=b"{}")


async def hang_up_after(client: Client, wait_s: float) -> None:
    await trio.sleep(wait_s)
    client.hang_up()


async def test_a_call_whose_client_leaves_is_cancelled(
    watch: CallWatch, autojump_clock: MockClock
) -> None:
    host = SlowHost(60)
    client = caller()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hang_up_after, client, 1.0)
        answer = await client.ask(make_api(host, watch=watch))
    assert (answer.status, host.cancelled) == (0, 1)
    assert trio.current_time() == pytest.approx(1.0)


async def test_a_call_whose_client_left_at_once_is_cancelled_at_the_next_tick(
    watch: CallWatch, autojump_clock: MockClock
) -> None:
    host = SlowHost(60)
    client = caller()
    client.hang_up()
    await client.ask(make_api(host, watch=watch))
    assert host.cancelled == 1
    assert trio.current_time() <= 2 * TICK_S


async def test_a_long_call_whose_client_stays_is_answered(
    watch: CallWatch, autojump_clock: MockClock
) -> None:
    host = SlowHost(60)
    answer = await caller().ask(make_api(host, watch=watch))
    assert (answer.status, answer.json, host.cancelled) == (200, "done", 0)


async def test_one_clients_leaving_does_not_touch_another_call(
    watch: CallWatch, autojump_clock: MockClock
) -> None:
    host = SlowHost(60)
    api = make_api(host, watch=watch)
    leaving, staying = caller(), caller()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(leaving.ask, api)
        nursery.start_soon(staying.ask, api)
        nursery.start_soon(hang_up_after, leaving, 1.0)
    assert (leaving.answer.status, staying.answer.status, host.cancelled) == (0, 200, 1)


async def test_calls_that_run_when_the_host_stops_are_told_so(
    watch: CallWatch, autojump_clock: MockClock
) -> None:
    host = SlowHost(60)
    client = caller()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.ask, make_api(host, watch=watch))
        await trio.sleep(1.0)
        watch.stop()
    assert (client.answer.status, client.answer.code) == (503, "unavailable")
    assert client.answer.headers["retry-after"] == "1"
    assert host.cancelled == 1


async def test_an_idle_watch_does_not_wake(watch: CallWatch, autojump_clock: MockClock) -> None:
    await caller().ask(make_api(SlowHost(1.0), watch=watch))
    await trio.sleep(1.0)
    # Nobody waits for a time: nothing will wake the process.
    assert trio.lowlevel.current_statistics().seconds_to_next_deadline == float("inf")


async def test_quick_calls_start_no_task(watch: CallWatch, autojump_clock: MockClock) -> None:
    before = trio.lowlevel.current_statistics().tasks_living
    client = caller()

    class CountingHost(FakeHost):
        async def call_json(self, *arguments: object, **options: object) -> object:
            await trio.lowlevel.checkpoint()
            return trio.lowlevel.current_statistics().tasks_living

    answer = await client.ask(make_api(CountingHost(), watch=watch))
    assert answer.json == before
