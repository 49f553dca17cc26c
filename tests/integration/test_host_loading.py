"""Loading: once, in the background, with news of it, and from the cache the next time."""

from __future__ import annotations

import logging
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from guests import component, guest, guest_file
from integration.hosting import failure, keeping
from trio.testing import MockClock

from innkeeper.engine.compiler import Progress
from innkeeper.errors import HostError


def large() -> bytes:
    """A component that takes a while to compile."""
    body = "(local.set 0 (i32.mul (i32.add (local.get 0) (i32.const 7)) (local.get 1)))" * 60
    code = f"(func (param i32 i32) (result i32) {body} (local.get 0))" * 5000
    return component(
        f"""(component (core module $m {code} (func (export "one") (result i32) (i32.const 1)))
        (core instance $i (instantiate $m))
        (func (export "one") (result u32) (canon lift (core func $i "one"))))"""
    )


async def test_a_slow_load_tells_how_it_goes_and_when_it_is_done(tmp_path: Path) -> None:
    seen: list[Progress] = []
    shown: list[Progress] = []
    async with keeping(tmp_path) as host:

        def note(step: Progress) -> None:
            seen.append(step)
            shown.extend(host.loading())

        with_names = {"name": "large"}
        await host.load(large(), **with_names, progress=note)
        assert await host.call("large.one", {}) == 1
        assert host.loading() == ()
    assert {step.plugin for step in seen} == {"large"}
    assert [step.done for step in seen] == [False] * (len(seen) - 1) + [True]
    assert [step.elapsed_s for step in seen] == sorted(step.elapsed_s for step in seen)


async def test_a_component_compiled_once_loads_from_the_cache(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="x")
    (image,) = (tmp_path / "images").glob("*.image")
    before = image.stat()
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="x")
        assert await host.call("x.add", {"a": 1, "b": 2}) == 3
    assert image.stat().st_ino == before.st_ino


async def test_an_image_that_was_tampered_with_is_made_anew(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="x")
    (image,) = (tmp_path / "images").glob("*.image")
    image.chmod(0o600)
    image.write_bytes(bytes(image.stat().st_size))
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="x")
        assert await host.call("x.add", {"a": 1, "b": 2}) == 3
    assert image.read_bytes().startswith(b"\x7fELF")


async def test_a_cancelled_load_leaves_nothing_behind(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        with trio.move_on_after(0.05) as scope:
            await host.load(large(), name="large")
        assert scope.cancelled_caught
        assert (host.loading(), host.plugins()) == ((), ())
        await host.load(guest("echo"), name="large")
        assert await host.call("large.add", {"a": 1, "b": 2}) == 3


# In the background.


async def test_a_call_waits_for_the_plugin_that_is_being_loaded(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        host.load_soon(guest_file("echo", tmp_path))
        assert [step.plugin for step in host.loading()] == ["echo"]
        assert await host.call("echo.echo", {"text": "waited"}) == "waited"


async def test_a_call_of_a_loaded_plugin_does_not_wait_for_another(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        await host.load(guest("echo"), name="echo")
        host.load_soon(large(), name="large")
        assert await host.call("echo.add", {"a": 1, "b": 2}) == 3
        assert [step.plugin for step in host.loading()] == ["large"]


async def test_a_call_waits_no_longer_than_its_deadline(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with keeping(tmp_path, call_log=False) as host:
        host.load_soon(large(), name="large")
        error = await failure(host, "large.one", deadline_s=0.5)
    assert error.code == "timeout"


async def test_waiting_for_a_plugin_counts_into_the_deadline(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        host.load_soon(guest("loop"), name="loop")
        began_s = trio.current_time()
        error = await failure(host, "loop.endless", deadline_s=0.3)
        assert error.code == "deadline_exceeded"
        assert trio.current_time() - began_s < 2


@pytest.mark.parametrize("deadline_s", [0, -1, float("nan")])
async def test_a_deadline_that_is_none_is_refused_while_waiting_too(
    tmp_path: Path, deadline_s: float
) -> None:
    async with keeping(tmp_path) as host:
        host.load_soon(guest("echo"), name="echo")
        error = await failure(host, "echo.nothing", deadline_s=deadline_s)
        assert error.code == "validation_failed"


async def test_a_plugin_that_does_not_load_is_logged_and_its_tools_are_not_found(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with keeping(tmp_path) as host:
        with caplog.at_level(logging.ERROR):
            host.load_soon(guest("core-module"), name="broken")
            host.load_soon(tmp_path / "nope.wasm")
            host.load_soon(guest("echo"), name="echo")
            error = await failure(host, "broken.f")
            assert (await failure(host, "nope.f")).code == "not_found"
        assert error.code == "not_found"
        assert "broken is not loaded: component_invalid" in caplog.text
        assert "nope is not loaded: not_found" in caplog.text
        assert await host.call("echo.add", {"a": 1, "b": 2}) == 3


@pytest.mark.parametrize("source", ["a\0b.wasm", "/dev/null", "/"])
async def test_whatever_does_not_load_in_the_background_does_not_end_the_host(
    tmp_path: Path, source: str
) -> None:
    async with keeping(tmp_path) as host:
        host.load_soon(source)
        assert (await failure(host, "a.f")).code == "not_found"
        await host.load(guest("echo"), name="echo")
        assert await host.call("echo.add", {"a": 1, "b": 2}) == 3


async def test_the_same_plugin_twice_in_the_background_is_loaded_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with keeping(tmp_path) as host:
        with caplog.at_level(logging.ERROR):
            for _ in range(3):
                host.load_soon(guest("echo"), name="echo")
            assert await host.call("echo.add", {"a": 1, "b": 2}) == 3
            assert (await failure(host, "echo.nope")).code == "not_found"
        assert caplog.text.count("conflict") == 2


async def test_leaving_while_a_plugin_is_being_loaded_ends_the_load(tmp_path: Path) -> None:
    with trio.fail_after(10):
        async with keeping(tmp_path) as host:
            host.load_soon(large(), name="large")
            await trio.sleep(0.01)
    assert host.loading() == ()


# Where there is little room.

IN_LITTLE_ROOM = """
import resource, sys, trio
from pathlib import Path
from integration.hosting import guest, keeping

async def main():
    async with keeping(Path(sys.argv[1])) as host:
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        await host.load(guest("echo"), name="x")
        print(await host.call("x.add", {"a": 1, "b": 2}))

trio.run(main)
"""


def test_a_process_with_few_addresses_runs_guests_on_demand(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    script = f"import sys; sys.path.insert(0, {str(pytestconfig.rootpath / 'tests')!r})\n"
    ended = subprocess.run(
        [sys.executable, "-c", script + IN_LITTLE_ROOM, tmp_path],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, b"3\n"), ended.stderr


async def test_a_full_disk_is_no_reason_not_to_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with keeping(tmp_path, call_log=False) as host:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            await host.load(guest("echo"), name="x")
            value = await host.call("x.add", {"a": 1, "b": 2})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert value == 3
    assert "the compiled image is not kept" in caplog.text


async def test_an_error_of_loading_is_one_of_the_hosts_own(tmp_path: Path) -> None:
    async with keeping(tmp_path) as host:
        for source in (b"", tmp_path, tmp_path / "x", "\0", "/dev/zero"):
            with pytest.raises(HostError):
                await host.load(source, name="x")
