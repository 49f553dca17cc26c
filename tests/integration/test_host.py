"""The Python API: plugins come and go, their tools are called, and leaving ends every guest."""

from __future__ import annotations

import gc
import stat
import threading
import time
from functools import partial
from pathlib import Path

import pytest
import trio
from guests import guest, guest_file
from integration.hosting import call_records, failure, keeping, with_manifest
from trio.testing import wait_all_tasks_blocked

import innkeeper
from innkeeper import HostError, Settings, open_host
from innkeeper.errors import HostFailure, RequestRefused
from innkeeper.host import default_plugins

TOOLS = ["echo.add", "echo.echo", "echo.nothing"]


async def refused(source: bytes | Path | str, state: Path, **settings: int) -> HostError:
    async with keeping(state, None, **settings) as host:
        with pytest.raises(HostError) as error:
            await host.load(source, name="x")
        assert host.plugins() == ()
        assert host.tools() == ()
        assert host.loading() == ()
    return error.value


# Loading and calling.


async def test_a_tool_of_a_loaded_component_is_called(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest_file("echo", tmp_path))
        assert await host.call("echo.echo", {"text": "hi"}) == "hi"


async def test_the_package_alone_is_enough(tmp_path: Path) -> None:
    async with innkeeper.open_host(tmp_path) as host:
        plugin = await host.load(guest("echo"), name="e")
        assert isinstance(plugin, innkeeper.Plugin)
        assert isinstance(host.tool("e.add"), innkeeper.Tool)
        assert await host.call("e.add", {"a": 2**32 - 1, "b": 2}) == 1


async def test_tools_are_listed_by_id(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("unreachable"), name="z")
        await host.load(guest("echo"), name="echo")
        assert [tool.id for tool in host.tools()] == [*TOOLS, "z.fail", "z.nothing"]
        assert [plugin.name for plugin in host.plugins()] == ["echo", "z"]


async def test_a_tool_is_called_by_version_too(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(with_manifest("echo"))
        for version in ("", "@1", "@1.0", "@1.0.0"):
            assert await host.call(f"x.add{version}", {"a": 1, "b": 1}) == 2
        assert (await failure(host, "x.add@2", a=1, b=1)).code == "not_found"


@pytest.mark.parametrize("tool", ["", "echo", "echo.nope", "nope.echo", "echo.echo@9", "\0", "é"])
async def test_a_tool_that_is_not_there_is_not_found(tmp_path: Path, tool: str) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="echo")
        error = await failure(host, tool)
        assert (type(error), error.code) == (RequestRefused, "not_found")
        with pytest.raises(RequestRefused):
            host.tool(tool)


async def test_the_default_plugins_are_loaded_by_one_call(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load_default_plugins()
        assert [plugin.name for plugin in host.plugins()] == [p.stem for p in default_plugins()]
        assert "Ada" in await host.call("hello.greet", {"name": "Ada"})
        assert host.tool("hello.greet").description


# Proxies.


async def test_a_plugins_tools_are_methods(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("host-call"), name="calls")
        plugin = host.plugin("calls")
        assert await plugin.ping_many(n=4) == 6
        assert await plugin.relay(text="x") == "x"


async def test_a_method_that_no_tool_has_is_not_found(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="echo")
        with pytest.raises(RequestRefused):
            host.plugin("echo").nope  # noqa: B018
        with pytest.raises(RequestRefused) as error:
            host.plugin("nope")
        assert error.value.code == "not_found"


async def test_a_proxy_can_be_looked_at(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="echo")
        plugin = host.plugin("echo")
        assert not hasattr(plugin, "__wrapped__")
        assert repr(plugin)


# Conflicts and unloading.


async def test_a_plugin_of_a_name_that_is_taken_is_a_conflict(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="x")
        with pytest.raises(RequestRefused) as error:
            await host.load(guest("counter"), name="x")
        assert error.value.code == "conflict"
        assert await host.call("x.echo", {"text": "still"}) == "still"


async def test_two_loads_of_one_name_at_once_are_one_plugin_and_a_conflict(tmp_path: Path) -> None:
    ended: list[str] = []
    async with keeping(tmp_path) as host:

        async def load() -> None:
            try:
                await host.load(guest("echo"), name="x")
                ended.append("loaded")
            except HostError as error:
                ended.append(error.code)

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(load)
        assert sorted(ended) == ["conflict", "conflict", "loaded"]
        assert host.loading() == ()
        assert await host.call("x.echo", {"text": "a"}) == "a"


async def test_one_component_can_be_loaded_under_two_names(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        async with trio.open_nursery() as nursery:
            for name in "ab":
                nursery.start_soon(partial(host.load, guest("echo"), name=name))
        assert [await host.call(f"{name}.add", {"a": 1, "b": 1}) for name in "ab"] == [2, 2]


async def test_an_unloaded_plugin_is_gone_and_can_come_again(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="echo")
        await host.unload("echo")
        assert (host.tools(), host.plugins()) == ((), ())
        assert (await failure(host, "echo.nothing")).code == "not_found"
        with pytest.raises(RequestRefused) as error:
            await host.unload("echo")
        assert error.value.code == "not_found"
        await host.load(guest("counter"), name="echo")
        assert await host.call("echo.next", {}) == 1


async def test_calls_that_run_while_their_plugin_is_unloaded_end_as_they_would_have(
    tmp_path: Path,
) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("host-call"), name="x")
        async with trio.open_nursery() as nursery:
            for _ in range(12):  # four of them wait for their turn
                nursery.start_soon(host.call, "x.pause", {"ms": 50})
            await trio.sleep(0.01)
            await host.unload("x")
    assert [record["code"] for record in call_records(tmp_path)] == ["ok"] * 12


async def test_loading_and_unloading_many_times_leaves_nothing_behind(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        for number in range(30):
            await host.load(guest("echo"), name="x")
            assert await host.call("x.add", {"a": number, "b": 0}) == number
            await host.unload("x")
        await wait_all_tasks_blocked()
        assert host._loader._capacity.instances == 0
        assert host._loader._capacity.spare == []
        gc.collect()
        assert len(host._pools) <= 1


# Leaving.


async def test_leaving_ends_the_guests_of_other_tasks(tmp_path: Path) -> None:
    ended: list[str] = []
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:  # noqa: SIM117 - the host is left first
            async with keeping(tmp_path) as host:
                limits = {"wall_s": 60.0}
                await host.load(with_manifest("loop", "loop", limits=limits))
                await host.load(with_manifest("host-call", "calls", limits=limits))

                async def call(tool: str, arguments: dict[str, int]) -> None:
                    try:
                        await host.call(tool, arguments)
                    except HostError as error:
                        ended.append(error.code)

                nursery.start_soon(call, "loop.endless", {})
                nursery.start_soon(call, "calls.pause", {"ms": 60_000})
                await trio.sleep(0.05)
    assert ended == ["unavailable"] * 2
    assert [record["code"] for record in call_records(tmp_path)] == ["unavailable"] * 2
    before_s = time.process_time()
    await trio.sleep(0.5)
    assert time.process_time() - before_s < 0.05


async def test_leaving_ends_the_guests_of_a_plugin_that_was_unloaded(tmp_path: Path) -> None:
    ended: list[str] = []
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:  # noqa: SIM117 - the host is left first
            async with keeping(tmp_path) as host:
                await host.load(with_manifest("loop", limits={"wall_s": 60.0}))

                async def call() -> None:
                    ended.append((await failure(host, "x.endless")).code)

                nursery.start_soon(call)
                await trio.sleep(0.05)
                await host.unload("x")
    assert ended == ["unavailable"]


async def test_a_host_that_was_left_refuses_calls(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="x")
    assert (await failure(host, "x.nothing")).code == "unavailable"


class Mine(Exception):
    """Of the program that embeds the host."""


async def test_an_error_in_the_block_comes_out_as_it_is(tmp_path: Path) -> None:
    for error in (Mine(), RequestRefused("x"), KeyError(1)):
        with pytest.raises(type(error)) as caught:
            async with keeping(tmp_path):
                raise error
        assert caught.value is error


async def test_a_call_that_fails_in_the_block_comes_out_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(HostError) as error:
        async with keeping(tmp_path) as host:
            await host.call("no.such", {})
    assert error.value.code == "not_found"


async def test_a_block_that_is_cancelled_is_left(tmp_path: Path) -> None:
    with trio.move_on_after(0.05) as scope:
        async with keeping(tmp_path):
            await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_two_hosts_in_one_run_do_not_know_each_other(tmp_path: Path) -> None:
    async with keeping(tmp_path / "a") as one, keeping(tmp_path / "b") as other:
        await one.load(guest("echo"), name="x")
        assert other.tools() == ()
        assert await one.call("x.add", {"a": 1, "b": 1}) == 2


async def test_two_hosts_may_share_a_state(tmp_path: Path) -> None:
    async with keeping(tmp_path) as one, keeping(tmp_path) as other:
        for host in (one, other):
            await host.load(guest("echo"), name="x")
            assert await host.call("x.add", {"a": 1, "b": 1}) == 2
    assert len(call_records(tmp_path)) == 2


def test_hosts_in_four_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    ended: list[int] = []

    async def use(number: int) -> None:
        async with keeping(tmp_path / str(number)) as host:
            await host.load(guest("host-call"), name="x")
            await host.load(guest("unreachable"), name="y")
            for turn in range(200):
                text = f"{number} {turn}"
                assert await host.call("x.relay", {"text": text}) == text
                assert (await failure(host, "y.fail")).code == "trap"
        ended.append(number)

    threads = [threading.Thread(target=trio.run, args=(use, number)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(ended) == [0, 1, 2, 3]


async def test_a_hundred_hosts_one_after_another_leave_no_engines_behind(tmp_path: Path) -> None:
    gc.disable()  # a process has room for 64 engines: none may wait for the collector
    try:
        for _ in range(100):
            async with keeping(tmp_path) as host:
                await host.load(guest("echo"), name="x")
                assert await host.call("x.add", {"a": 1, "b": 1}) == 2
    finally:
        gc.enable()


# The state.


async def test_a_state_is_for_its_user_alone(tmp_path: Path) -> None:
    state = tmp_path / "new" / "state"
    async with keeping(state) as host:
        await host.load(guest("echo"), name="x")
        await host.call("x.nothing", {})
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (state, state / "images", state / "images" / "key", state / "calls.jsonl")
    }
    assert modes == {"state": 0o700, "images": 0o700, "key": 0o600, "calls.jsonl": 0o600}


async def test_a_state_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(HostFailure, match="choose another") as error:
        async with keeping(tmp_path / "state"):
            pass
    assert error.value.code == "unavailable"


async def test_a_state_whose_key_others_can_read_is_unavailable(tmp_path: Path) -> None:
    async with keeping(tmp_path):
        pass
    (tmp_path / "images" / "key").chmod(0o644)
    with pytest.raises(HostFailure, match="mode 0600"):
        async with keeping(tmp_path):
            pass


async def test_a_state_is_where_the_settings_say(tmp_path: Path) -> None:
    async with open_host(settings=Settings(state=tmp_path / "there")):
        assert (tmp_path / "there" / "images").is_dir()


# What is refused.


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("core-module", "component_invalid"),
        ("streams", "component_unsupported"),
        ("wants-wasi", "import_unsatisfied"),
        ("wants-wasi-03", "component_unsupported"),
    ],
)
async def test_what_this_host_cannot_run_is_refused(tmp_path: Path, name: str, code: str) -> None:
    assert (await refused(guest(name), tmp_path)).code == code


@pytest.mark.parametrize("data", [b"", b"\0asm", b"<html>", bytes(1000)])
async def test_what_is_no_component_is_refused(tmp_path: Path, data: bytes) -> None:
    assert (await refused(data, tmp_path)).code == "component_invalid"


async def test_a_component_over_the_setting_is_refused(tmp_path: Path) -> None:
    error = await refused(guest("types"), tmp_path, component_bytes_max=2000)
    assert error.code == "payload_too_large"


async def test_more_guests_at_once_than_the_setting_says_are_refused(tmp_path: Path) -> None:
    codes: list[str] = []
    async with keeping(tmp_path, instances_max=2) as host:
        await host.load(guest("host-call"), name="x")

        async def call() -> None:
            try:
                await host.call("x.pause", {"ms": 50})
                codes.append("ok")
            except HostError as error:
                codes.append(error.code)

        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(call)
        assert sorted(codes) == ["ok", "ok", "rate_limited", "rate_limited"]
        assert await host.call("x.relay", {"text": "after"}) == "after"


async def test_more_plugins_than_instances_can_all_be_called(tmp_path: Path) -> None:
    async with keeping(tmp_path, instances_max=2) as host:
        for name in "abcde":
            await host.load(guest("echo"), name=name)
        for _ in range(3):
            for name in "abcde":
                assert await host.call(f"{name}.add", {"a": 1, "b": 2}) == 3
                await wait_all_tasks_blocked()


async def test_sessions_have_instances_of_their_own(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(with_manifest("counter", reuse={"instance": "session"}))
        seen = [await host.call("x.next", {}, session=session) for session in ("a", "b", "a", None)]
        assert seen == [1, 1, 2, 1]
