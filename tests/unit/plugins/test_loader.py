"""From a component's file or bytes to a loaded plugin."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from guests import component, guest, guest_file
from unit.engine.workshop import engines, root, served

from innkeeper.contracts.sections import custom_section
from innkeeper.engine.capacity import Capacity
from innkeeper.engine.compiler import Compiler
from innkeeper.errors import ContractError, HostError, ManifestError, RequestRefused
from innkeeper.plugins.loader import Loader, read_component, stem_of

MANIFEST = """
[plugin]
name = "files"
version = "1.2.0"
[limits]
output_bytes_max = 100
[reuse]
instance = "plugin"
[[tool]]
function = "echo"
name = "say"
"""


def with_manifest(name: str, text: str = MANIFEST) -> bytes:
    return guest(name) + custom_section("innkeeper:manifest", text.encode())


@pytest.fixture
async def loader() -> AsyncIterator[Loader]:
    async with trio.open_nursery() as nursery:
        yield Loader(
            Compiler(None, engines=engines()),
            Capacity(),
            served(),
            nursery=nursery,
            component_bytes_max=1 << 20,
        )


async def refused(loader: Loader, source: str | Path | bytes, name: str | None = None) -> HostError:
    with pytest.raises(HostError) as error:
        await loader.load(source, name=name)
    return error.value


# What a plugin is made of.


async def test_a_component_from_a_file_is_named_after_it(loader: Loader, tmp_path: Path) -> None:
    plugin = await loader.load(guest_file("echo", tmp_path))
    assert plugin.name == "echo"
    assert plugin.digest == hashlib.sha256(guest("echo")).hexdigest()
    assert [it.tool.id for it in plugin.tools] == ["echo.echo", "echo.add", "echo.nothing"]
    assert {it.tool.version for it in plugin.tools} == {"0.0.0"}


async def test_a_name_that_is_given_wins_over_the_files(loader: Loader, tmp_path: Path) -> None:
    assert (await loader.load(str(guest_file("echo", tmp_path)), name="other")).name == "other"


async def test_the_embedded_manifest_wins_over_both(loader: Loader, tmp_path: Path) -> None:
    path = tmp_path / "echo.wasm"
    path.write_bytes(with_manifest("echo"))
    plugin = await loader.load(path, name="other")
    assert (plugin.name, plugin.manifest.plugin.version) == ("files", "1.2.0")
    assert [it.tool.name for it in plugin.tools] == ["say", "files.add", "files.nothing"]


async def test_the_limits_and_the_reuse_of_the_manifest_hold(loader: Loader) -> None:
    plugin = await loader.load(with_manifest("echo"))
    assert plugin.pool.limits.output_bytes_max == 100
    with pytest.raises(HostError) as error:
        await plugin.pool.call(root("echo"), ("x" * 101,))
    assert error.value.code == "output_too_large"
    counter = await loader.load(with_manifest("counter", MANIFEST.partition("[[tool]]")[0]))
    assert [await counter.pool.call(root("next"), ()) for _ in range(3)] == [1, 2, 3]


async def test_a_limit_on_fuel_meters_the_guest(loader: Loader) -> None:
    text = '[plugin]\nname = "a"\nversion = "1.0.0"\n[limits]\nfuel_max = 10000\n'
    plugin = await loader.load(with_manifest("loop", text))
    with pytest.raises(HostError) as error:
        await plugin.pool.call(root("endless"), ())
    assert error.value.code == "fuel_exhausted"


async def test_bytes_without_a_name_are_called_component(loader: Loader) -> None:
    assert (await loader.load(guest("echo"))).name == "component"
    assert stem_of(b"") == "component"


async def test_a_component_without_functions_is_a_plugin_without_tools(loader: Loader) -> None:
    assert (await loader.load(component("(component)"))).tools == []


# What is refused.


async def test_a_file_that_is_not_there_is_not_found(loader: Loader, tmp_path: Path) -> None:
    error = await refused(loader, tmp_path / "nope.wasm")
    assert (type(error), error.code) == (RequestRefused, "not_found")


@pytest.mark.parametrize("source", ["a\0b.wasm", ""])
async def test_a_path_that_is_none_is_refused(loader: Loader, source: str) -> None:
    assert isinstance(await refused(loader, source), RequestRefused | ContractError)


async def test_a_folder_is_no_component(loader: Loader, tmp_path: Path) -> None:
    assert (await refused(loader, tmp_path)).code == "component_invalid"


async def test_a_pipe_is_not_waited_for(loader: Loader, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.wasm")
    with trio.fail_after(5):
        assert (await refused(loader, tmp_path / "x.wasm")).code == "component_invalid"


async def test_a_device_is_no_component(loader: Loader) -> None:
    assert (await refused(loader, "/dev/zero", name="x")).code == "component_invalid"


@pytest.mark.parametrize("from_file", [False, True])
async def test_a_component_over_its_size_is_refused_unread(
    loader: Loader, tmp_path: Path, from_file: bool
) -> None:
    path = tmp_path / "big.wasm"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # no disk has it: what reads it runs out of memory
    error = await refused(loader, path if from_file else bytes((1 << 20) + 1), name="big")
    assert error.code == "payload_too_large"


def test_a_file_of_the_largest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x" * 100)
    assert len(read_component(path, 100)) == 100
    with pytest.raises(RequestRefused):
        read_component(path, 99)


def test_a_file_that_grows_while_it_is_read_is_refused() -> None:
    path = Path("/proc/self/maps")  # it says that it has no bytes, and has many
    with pytest.raises(RequestRefused):
        read_component(path, 10)


async def test_a_file_without_a_plugin_name_is_refused(loader: Loader, tmp_path: Path) -> None:
    path = tmp_path / "1 # 2.wasm"
    path.write_bytes(guest("echo"))
    assert (await refused(loader, path)).code == "validation_failed"


async def test_a_manifest_that_is_wrong_stops_the_load(loader: Loader) -> None:
    error = await refused(loader, with_manifest("echo", "[plugin]\nname = 5\n"))
    assert (type(error), error.code) == (ManifestError, "manifest_invalid")


async def test_a_manifest_for_another_component_stops_the_load(loader: Loader) -> None:
    error = await refused(loader, with_manifest("counter"))
    assert "exports no such tool" in str(error)


async def test_two_manifests_stop_the_load(loader: Loader) -> None:
    section = custom_section("innkeeper:manifest", MANIFEST.encode())
    assert (await refused(loader, guest("echo") + section * 2)).code == "manifest_invalid"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("core-module", "component_invalid"),
        ("wants-wasi", "import_unsatisfied"),
        ("wants-wasi-03", "component_unsupported"),
        ("streams", "component_unsupported"),
    ],
)
async def test_what_this_host_cannot_run_is_refused(loader: Loader, name: str, code: str) -> None:
    error = await refused(loader, guest(name), name="x")
    assert (type(error), error.code) == (ContractError, code)
    assert str(error).startswith("x")


@pytest.mark.parametrize("data", [b"", b"\0asm", b"garbage", b"\0asm\x0d\0\1\0\xff\xff"])
async def test_what_is_no_component_is_refused(loader: Loader, data: bytes) -> None:
    assert (await refused(loader, data, name="x")).code == "component_invalid"
