"""`serve_stdio` over real pipes: order and freedom of calls, cancellation, bounds, and the end."""

import math
import os
import pty
import random
import socket
import tty
from collections.abc import Mapping
from pathlib import Path

import pytest
import trio
from integration.mcp.stdio_client import Client, call, cancelled, ping, serving
from unit.mcp.mcp_fakes import META, FakeHost, Message, Progress, make_tool

from innkeeper.mcp.limits import Limits
from innkeeper.mcp.stdio import serve_stdio


class SlowHost(FakeHost):
    """`slow.wait` waits until `release` is set; `slow.turn` only lets others have a turn."""

    def __init__(self) -> None:
        super().__init__()
        self.release = trio.Event()
        self.running = 0
        self.running_most = 0
        self._change = trio.lowlevel.ParkingLot()
        self.add(make_tool("slow.wait"), self._wait)
        self.add(make_tool("slow.turn"), self._turn)

    async def _wait(self, arguments: Mapping[str, object]) -> object:
        self.running += 1
        self.running_most = max(self.running_most, self.running)
        self._change.unpark_all()
        try:
            await self.release.wait()
        finally:
            self.running -= 1
            self._change.unpark_all()
        return arguments.get("text")

    async def _turn(self, arguments: Mapping[str, object]) -> object:
        await trio.lowlevel.checkpoint()
        return arguments.get("text")

    async def until_running(self, count: int) -> None:
        while self.running != count:
            await self._change.park()


def listen(request_id: object) -> Message:
    params = {"_meta": META, "notifications": {"toolsListChanged": True}}
    return {"id": request_id, "method": "subscriptions/listen", "params": params}


def result(answer: Message) -> object:
    return answer["result"]["structuredContent"]["result"]


async def test_a_call_comes_back_as_a_line() -> None:
    async with serving(FakeHost()) as client:
        await client.initialize()
        await client.send(call(1, text="\u00e4\n\u2028"))
        assert result(await client.receive()) == "\u00e4\n\u2028"


@pytest.mark.parametrize("tool", ["echo.echo", "slow.turn"])
async def test_each_of_many_calls_at_once_gets_its_own_answer(tool: str) -> None:
    async with serving(SlowHost()) as client:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.send, *(call(n, tool, text=str(n)) for n in range(3000)))
            answers = await client.receive_many(3000)
        assert [result(answers[n]) for n in range(3000)] == [str(n) for n in range(3000)]


async def test_calls_that_wait_and_calls_that_do_not_may_be_mixed() -> None:
    tools = ["echo.echo", "slow.turn", "echo.echo", "echo.echo", "slow.turn", "slow.turn"]
    async with serving(SlowHost()) as client:
        async with trio.open_nursery() as nursery:
            sent = [call(n, tools[n % len(tools)], text=str(n)) for n in range(999)]
            nursery.start_soon(client.send, *sent)
            answers = await client.receive_many(999)
        assert {result(answer) for answer in answers.values()} == {str(n) for n in range(999)}


async def test_a_call_that_waits_holds_nobody_up() -> None:
    host = SlowHost()
    async with serving(host) as client:
        await client.send(call("slow", "slow.wait"), call("quick"), ping("p"))
        assert set(await client.receive_many(2)) == {"quick", "p"}
        host.release.set()
        assert (await client.receive())["id"] == "slow"


@pytest.mark.parametrize("before", ["echo.echo", "slow.turn"])
async def test_a_cancelled_call_ends_and_is_not_answered(before: str) -> None:
    host = SlowHost()
    async with serving(host) as client:
        await client.send(call("b", before))
        await client.receive()
        await client.send(call(1, "slow.wait"))
        await host.until_running(1)
        await client.send(cancelled(1))
        await host.until_running(0)
        assert host.calls_cancelled == 1
        await client.send(ping("p"))
        assert (await client.receive())["id"] == "p"
        await client.send(call(1))  # the id is free again
        assert (await client.receive())["id"] == 1


async def test_a_call_and_its_cancellation_in_one_go_leave_nothing_behind() -> None:
    host = SlowHost()
    async with serving(host) as client:
        for _ in range(3):
            await client.send(call(1, "slow.wait"), cancelled(1), ping("p"))
            assert (await client.receive())["id"] == "p"
        await trio.testing.wait_all_tasks_blocked()
        assert host.running == 0


@pytest.mark.parametrize("params", [{}, {"requestId": 99}, {"requestId": None}, [], None])
async def test_cancelling_what_is_not_there_is_ignored(params: object) -> None:
    async with serving(FakeHost()) as client:
        await client.send({"method": "notifications/cancelled", "params": params}, ping("p"))
        assert (await client.receive())["id"] == "p"


async def test_an_id_in_use_is_refused() -> None:
    host = SlowHost()
    async with serving(host) as client:
        await client.send(call(1, "slow.wait", text="first"))
        await host.until_running(1)
        await client.send(call(1, text="second"))
        assert (await client.receive())["error"]["code"] == -32600
        host.release.set()
        assert result(await client.receive()) == "first"


async def test_only_so_many_calls_run_at_a_time_and_the_others_wait_their_turn() -> None:
    host = SlowHost()
    async with serving(host, limits=Limits(in_flight_max=4)) as client:
        await client.send(*(call(n, "slow.wait", text=str(n)) for n in range(20)), ping("p"))
        assert (await client.receive())["id"] == "p"
        await host.until_running(4)
        host.release.set()
        answers = await client.receive_many(20)
        assert {n: result(answer) for n, answer in answers.items()} == {
            n: str(n) for n in range(20)
        }
        assert host.running_most == 4


async def test_many_bytes_of_requests_count_as_many_calls() -> None:
    host = SlowHost()
    async with serving(host, limits=Limits(in_flight_bytes_max=5000)) as client:
        await client.send(*(call(n, "slow.wait", text="x" * 2000) for n in range(5)))
        await host.until_running(3)
        host.release.set()
        await client.receive_many(5)
        assert host.running_most == 3


async def test_a_waiting_call_can_be_cancelled_and_never_runs() -> None:
    host = SlowHost()
    async with serving(host, limits=Limits(in_flight_max=1)) as client:
        await client.send(call(1, "slow.wait"), call(2), call(3), cancelled(2), ping("p"))
        assert (await client.receive())["id"] == "p"
        host.release.set()
        assert set(await client.receive_many(2)) == {1, 3}
        assert len(host.principals) == 2


async def test_running_calls_can_be_cancelled_while_others_wait() -> None:
    host = SlowHost()
    async with serving(host, limits=Limits(in_flight_max=2)) as client:
        await client.send(call(1, "slow.wait"), call(2, "slow.wait"), call(3), call(4))
        await host.until_running(2)
        await client.send(cancelled(1), cancelled(2))
        assert set(await client.receive_many(2)) == {3, 4}


async def test_when_too_many_wait_the_reading_stops_until_one_has_run() -> None:
    host = SlowHost()
    async with serving(host, limits=Limits(in_flight_max=1, waiting_max=2)) as client:
        await client.send(call(1, "slow.wait"), call(2), call(3), ping("p"))
        await host.until_running(1)
        with trio.move_on_after(0.05) as scope:
            await client.receive()
        assert scope.cancelled_caught
        host.release.set()
        assert set(await client.receive_many(4)) == {1, 2, 3, "p"}


async def test_a_message_over_the_bound_is_refused_and_the_next_is_read() -> None:
    async with serving(FakeHost(), limits=Limits(message_bytes_max=1000)) as client:
        await client.send(call(1, text="x" * 300_000), call(2, text="y"))
        refusal = await client.receive()
        assert (refusal["id"], refusal["error"]["code"]) == (None, -32600)
        assert refusal["error"]["data"] == {"code": "payload_too_large"}
        assert result(await client.receive()) == "y"


async def test_a_message_of_megabytes_is_read_and_answered() -> None:
    text = "x" * 3_000_000
    async with serving(FakeHost()) as client, trio.open_nursery() as nursery:
        nursery.start_soon(client.send, call(1, text=text))
        assert result(await client.receive()) == text


async def test_blank_lines_and_carriage_returns_are_nothing() -> None:
    async with serving(FakeHost()) as client:
        await client.write(b'\n \r\n\t\n{"jsonrpc":"2.0","id":1,"method":"ping"}\r\n\n')
        assert await client.receive() == {"jsonrpc": "2.0", "id": 1, "result": {}}


async def test_a_peer_that_does_not_read_is_not_read_either_and_loses_no_answer() -> None:
    host = FakeHost()
    text = "x" * 10_000
    limits = Limits(output_bytes_max=100_000)
    async with serving(host, limits=limits) as client, trio.open_nursery() as nursery:
        nursery.start_soon(client.send, *(call(n, text=text) for n in range(500)))
        await trio.sleep(0.1)
        assert len(host.principals) < 100
        assert set(await client.receive_many(500)) == set(range(500))


async def test_quick_calls_in_a_row_give_other_tasks_a_turn() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    limits = Limits(slice_s=0)
    async with serving(FakeHost(), limits=limits) as client, trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await client.send(*(call(n) for n in range(200)))
        await client.receive_many(200)
        nursery.cancel_scope.cancel()
    assert turns >= 200


async def test_progress_comes_before_the_answer_and_in_order() -> None:
    host = FakeHost()
    host.under_load = [Progress("late")]
    meta = {**META, "progressToken": "t"}
    async with serving(host) as client:
        await client.send(
            {"id": 1, "method": "tools/call", "params": {"name": "late.x", "_meta": meta}}
        )
        first = await client.receive()
        second = await client.receive()
        host.add(make_tool("late.x"))
        host.under_load = []
        while (last := await client.receive()).get("method") == "notifications/progress":
            pass
    assert first["params"]["progress"] < second["params"]["progress"]
    assert last["id"] == 1


async def test_a_legacy_client_hears_of_a_new_tool() -> None:
    host = FakeHost()
    async with serving(host) as client:
        await client.initialize()
        await client.send({"id": 1, "method": "tools/list"})
        await client.receive()
        host.add(make_tool("more.more"))
        assert (await client.receive())["method"] == "notifications/tools/list_changed"


async def test_the_end_of_the_input_ends_the_server_and_cancels_what_runs() -> None:
    host = SlowHost()
    async with serving(host) as client:
        await client.send(call(1, "slow.wait"), call(2))
        assert (await client.receive())["id"] == 2
        await client.close_input()
        assert await client.receive_rest() == []
        await client.closed.wait()
        assert host.calls_cancelled == 1


async def test_calls_about_to_finish_at_the_end_of_the_input_are_answered() -> None:
    async with serving(SlowHost(), limits=Limits(in_flight_max=1, drain_s=math.inf)) as client:
        await client.send(*(call(n, "slow.turn") for n in range(5)))
        await client.close_input()
        assert {answer["id"] for answer in await client.receive_rest()} == set(range(5))


async def test_a_last_line_without_an_end_counts() -> None:
    async with serving(FakeHost()) as client:
        await client.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}')
        await client.close_input()
        assert [answer["id"] for answer in await client.receive_rest()] == [1]


async def test_subscriptions_end_with_their_result_at_the_end_of_the_input() -> None:
    async with serving(FakeHost()) as client:
        await client.send(listen("s"))
        assert (await client.receive())["method"] == "notifications/subscriptions/acknowledged"
        await client.close_input()
        (ending,) = await client.receive_rest()
        assert ending["id"] == "s"
        assert ending["result"]["resultType"] == "complete"


async def test_in_a_storm_of_calls_and_cancellations_nothing_is_lost() -> None:
    host = FakeHost()

    async def nap(arguments: Mapping[str, object]) -> object:
        if arguments["turns"]:
            await trio.sleep(float(str(arguments["turns"])) / 1000)
        return arguments["text"]

    host.add(make_tool("nap.nap"), nap)
    chance = random.Random(7)
    doomed = {n for n in range(2000) if chance.random() < 0.2}

    async def storm(client: Client) -> None:
        for n in range(2000):
            turns = 50 if n in doomed else chance.choice([0, 0, 0, 1, 2])
            await client.send(call(n, "nap.nap", turns=turns, text=str(n)))
            if n in doomed:
                await client.send(cancelled(n))

    async with serving(host, limits=Limits(in_flight_max=8, waiting_max=8)) as client:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(storm, client)
            answers = await client.receive_many(2000 - len(doomed))
        assert {n: result(answers[n]) for n in answers} == {
            n: str(n) for n in range(2000) if n not in doomed
        }


async def test_listening_takes_no_place_from_calls() -> None:
    params = {"_meta": META, "notifications": {"toolsListChanged": True}}
    async with serving(FakeHost(), limits=Limits(in_flight_max=1)) as client:
        for request_id in "abc":
            await client.send(
                {"id": request_id, "method": "subscriptions/listen", "params": params}
            )
            await client.receive()
        await client.send(call(1))
        assert (await client.receive())["id"] == 1


@pytest.mark.parametrize("tool", ["echo.echo", "slow.turn"])
async def test_a_reader_that_is_gone_ends_the_server_quietly(tool: str) -> None:
    async with serving(SlowHost()) as client:
        await client.close_output()
        await client.send(call(1, tool))
        await client.closed.wait()


async def test_a_reader_that_goes_away_amid_much_output_ends_the_server_quietly() -> None:
    host = SlowHost()
    async with serving(host) as client:
        await client.send(call(0, "slow.wait"), *(call(n, text="x" * 9999) for n in range(1, 6)))
        await client.send(*(call(n, text="x" * 9999) for n in range(6, 30)))
        await client.receive()
        await client.close_output()
        await client.closed.wait()
        assert host.calls_cancelled == 1


async def serve(source_fd: int, sink_fd: int) -> None:
    await serve_stdio(FakeHost(), version="1", stdin_fd=source_fd, stdout_fd=sink_fd)


async def test_the_descriptors_are_left_as_they_were_found() -> None:
    server_in, client_out = os.pipe()
    client_in, server_out = os.pipe()
    os.close(client_out)
    await serve(server_in, server_out)
    assert os.get_blocking(server_in)
    assert os.get_blocking(server_out)
    for fd in (server_in, client_in, server_out):
        os.close(fd)


async def test_files_can_be_served_too(tmp_path: Path) -> None:
    line = b'{"jsonrpc":"2.0","id":%d,"method":"ping"}\n'
    (tmp_path / "in").write_bytes(b"".join(line % n for n in range(5000)))
    source_fd = os.open(tmp_path / "in", os.O_RDONLY)
    sink_fd = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    await serve(source_fd, sink_fd)
    assert (tmp_path / "out").read_bytes().count(b'"result":{}}\n') == 5000
    os.close(source_fd)
    os.close(sink_fd)


async def test_an_input_that_is_nothing_ends_at_once() -> None:
    fd = os.open(os.devnull, os.O_RDWR)
    await serve(fd, fd)
    os.close(fd)


async def test_one_socket_can_be_both_ends() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = Client(os.dup(ours.fileno()), os.dup(ours.fileno()))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, theirs.fileno(), theirs.fileno())
            await client.send(call(1, text="x" * 1_000_000))
            assert (await client.receive())["id"] == 1
            ours.shutdown(socket.SHUT_WR)
        assert os.get_blocking(theirs.fileno())
        await client.close_input()
        await client.close_output()


async def test_a_terminal_can_be_both_ends() -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    client = Client(os.dup(ours), os.dup(ours))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, theirs, theirs)
        await client.send(call(1, text="x" * 2000))
        assert (await client.receive())["id"] == 1
        assert os.get_blocking(theirs)
        nursery.cancel_scope.cancel()
    await client.close_input()
    await client.close_output()
    os.close(ours)
    os.close(theirs)
