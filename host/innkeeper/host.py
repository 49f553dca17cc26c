"""The composition root: builds everything, owns the nursery, and is the Python API.

::

    async with innkeeper.open_host() as host:
        await host.load("x.wasm")
        await host.call("x.greet", {"name": "Ada"})
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from math import inf
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

import msgspec
import trio

from innkeeper.calls.journal import CallLog
from innkeeper.calls.path import CallPath, check_deadline
from innkeeper.capabilities import log
from innkeeper.engine.capacity import Capacity
from innkeeper.engine.compiler import Compiler, Progress
from innkeeper.engine.drive import set_workers
from innkeeper.engine.engines import Engines
from innkeeper.engine.images import Images
from innkeeper.engine.pool import InstancePool
from innkeeper.engine.program import Handler, Imports, Name
from innkeeper.errors import HostError, HostFailure, RequestRefused
from innkeeper.plugins.binding import BoundTool
from innkeeper.plugins.loader import Loader, Plugin, Source, stem_of
from innkeeper.plugins.registry import Registry, Tool
from innkeeper.settings import Settings
from innkeeper.telemetry import tracer

SELFTEST_AFTER_S: Final = 1.0  # a start that must be quick has other things to do

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_host(
    state: Path | str | None = None,
    settings: Settings | None = None,
    *,
    imports: Mapping[Name, Handler] | None = None,
    drops: Mapping[Name, Handler] | None = None,
) -> AsyncIterator[Host]:
    """A host, for as long as the block lasts; leaving it ends every guest.

    `state` is the folder of the host's own files (the settings' one by default). `imports` are
    functions that this program serves to guests beside the host's own, by (interface, name): plain
    or `async def`, called with the guest's context and the arguments as plain data. `drops` are the
    same for resources, called with the context and the number of one that a guest drops.
    """
    settings = settings or Settings()
    folder = Path(state) if state is not None else settings.state
    images = _open_images(folder)
    set_workers(settings.workers)
    journal = CallLog(folder / "calls.jsonl") if settings.call_log else None
    failure: BaseException | None = None
    async with trio.open_nursery() as nursery:
        served = Imports({**log.FUNCTIONS, **(imports or {})}, drops or {})
        host = Host(settings, images, journal, nursery, served)
        if journal is not None:
            nursery.start_soon(journal.run)
        try:
            yield host
        except trio.Cancelled:
            raise
        except BaseException as error:
            failure = error  # raised below: here the nursery would wrap it in a group
        finally:
            host.close()
            nursery.cancel_scope.cancel()
            if journal is not None:
                journal.close()
    if failure is not None:
        raise failure


class Host:
    """Plugins and their tools. Made by `open_host`; belongs to one Trio run."""

    def __init__(
        self,
        settings: Settings,
        images: Images | None,
        journal: CallLog | None,
        nursery: trio.Nursery,
        imports: Imports,
    ) -> None:
        self._nursery = nursery
        self._registry = Registry()
        self._plugins: dict[str, Plugin] = {}
        self._pools: WeakSet[InstancePool] = WeakSet()  # of unloaded plugins too, while in use
        self._loading: dict[object, Progress] = {}
        self._changed = trio.Event()
        self._path = CallPath(journal, tracer())
        self._compiler = Compiler(images, engines=Engines(settings.pool_instances))
        self._loader = Loader(
            self._compiler,
            Capacity(settings.instances_max),
            imports,
            nursery=nursery,
            component_bytes_max=settings.component_bytes_max,
        )

    # ---- plugins

    async def load(
        self,
        source: Source,
        *,
        name: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Plugin:
        """Load a component from a file or bytes: not installed, nothing granted.

        Raises ContractError, ManifestError, RequestRefused (not_found, conflict, …).
        """
        return await self._load(source, name, progress, self._announce(source, name))

    def load_soon(self, source: Source, *, name: str | None = None) -> None:
        """Begin to load; a call of its tools waits for it. A failure is logged."""
        self._nursery.start_soon(self._load_quietly, source, name, self._announce(source, name))

    async def load_default_plugins(self) -> None:
        """Load the components that ship with the host."""
        for source in default_plugins():
            await self.load(source)

    async def unload(self, plugin: str) -> None:
        """Forget a plugin. Its running calls end as they would have; further ones are not_found."""
        found = self._plugins.pop(plugin, None)
        if found is None:
            raise RequestRefused(f"{plugin}: no such plugin is loaded", code="not_found")
        self._registry.remove(plugin)
        found.pool.close()

    def loading(self) -> Sequence[Progress]:
        """The plugins that are being loaded."""
        return tuple(self._loading.values())

    def plugins(self) -> Sequence[Plugin]:
        """The loaded plugins, sorted by name."""
        return tuple(self._plugins[name] for name in sorted(self._plugins))

    def plugin(self, name: str) -> PluginProxy:
        """A loaded plugin's tools as methods: `host.plugin("x").greet(name="Ada")`."""
        if name not in self._plugins:
            raise RequestRefused(f"{name}: no such plugin is loaded", code="not_found")
        return PluginProxy(self, name)

    # ---- tools

    def tools(self) -> Sequence[Tool]:
        """All tools, sorted by id."""
        return self._registry.tools()

    def tool(self, id_or_name: str) -> Tool:
        """One tool, by id, `id@version` or MCP name. Raises RequestRefused (not_found)."""
        return self._registry.get(id_or_name).tool

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, object],
        *,
        deadline_s: float | None = None,
        qos: str = "interactive",
        principal: str = "local",
        session: str | None = None,
    ) -> Any:
        """Call a tool; its result as plain data (a `list<u8>` is bytes).

        Arguments are JSON values, or plain data. `deadline_s` bounds waiting and running together,
        in seconds. A call that ends within its first time slice is no checkpoint. Cancelling the
        scope around it ends the guest at once. Raises HostError.
        """
        bound = self._registry.find(tool)
        if bound is None:
            bound, deadline_s = await self._await_tool(tool, deadline_s)
        return await self._path.call(
            bound, arguments, deadline_s=deadline_s, principal=principal, session=session
        )

    async def call_json(
        self,
        tool: str,
        arguments: Mapping[str, object],
        *,
        deadline_s: float | None = None,
        qos: str = "interactive",
        principal: str = "local",
        session: str | None = None,
    ) -> object:
        """As `call`; the result is JSON-ready, as the tool's output schema says."""
        bound = self._registry.find(tool)
        if bound is None:
            bound, deadline_s = await self._await_tool(tool, deadline_s)
        value = await self._path.call(
            bound, arguments, deadline_s=deadline_s, principal=principal, session=session
        )
        return value if bound.encode is None else bound.encode(value)

    def close(self) -> None:
        """End every instance. A call that still runs or waits is told that it is unavailable."""
        for pool in self._pools:
            pool.end()

    # ---- inside

    def _admit(self, plugin: Plugin) -> None:
        if plugin.name in self._plugins:
            plugin.pool.close()
            raise RequestRefused(
                f"{plugin.name}: a plugin of this name is loaded already: unload it first",
                code="conflict",
            )
        self._registry.add(plugin.tools)
        self._plugins[plugin.name] = plugin
        self._pools.add(plugin.pool)

    async def _check_engines(self) -> None:
        await trio.sleep(SELFTEST_AFTER_S)
        try:
            await self._compiler.check_engines()
        except Exception:
            _log.exception("libwasmtime's self-test cannot be run")

    def _announce(self, source: Source, name: str | None) -> object:
        """Show that a plugin is being loaded; the key is for `_load`, which ends it."""
        key = object()
        self._loading[key] = Progress(name or stem_of(source), "compile", 0.0, False)
        return key

    async def _load(
        self,
        source: Source,
        name: str | None,
        progress: Callable[[Progress], None] | None,
        key: object,
    ) -> Plugin:
        expected, started_s = self._loading[key].plugin, trio.current_time()

        def report(step: Progress) -> None:
            self._loading[key] = msgspec.structs.replace(step, plugin=expected)
            if progress is not None:
                progress(step)

        try:
            plugin = await self._loader.load(source, name=name, progress=report)
            self._admit(plugin)
        finally:
            del self._loading[key]
            self._changed.set()
            self._changed = trio.Event()
        if progress is not None:
            progress(Progress(plugin.name, "compile", trio.current_time() - started_s, True))
        self._nursery.start_soon(plugin.pool.warm)
        self._nursery.start_soon(self._check_engines)
        return plugin

    async def _load_quietly(self, source: Source, name: str | None, key: object) -> None:
        try:
            await self._load(source, name, None, key)
        except HostError as error:
            _log.error("%s is not loaded: %s: %s", name or stem_of(source), error.code, error)
        except Exception:  # one plugin must not end the host
            _log.exception("%s is not loaded", name or stem_of(source))

    async def _await_tool(
        self, name: str, deadline_s: float | None
    ) -> tuple[BoundTool, float | None]:
        """A tool that is not there, and what is left of the deadline: wait while plugins are
        loading, for one may bring it."""
        check_deadline(deadline_s)
        ends_at = trio.current_time() + (inf if deadline_s is None else deadline_s)
        with trio.move_on_at(ends_at):
            while self._loading and self._registry.find(name) is None:
                await self._changed.wait()
            bound, left_s = self._registry.get(name), ends_at - trio.current_time()
            if left_s > 0:
                return bound, None if deadline_s is None else left_s
        raise HostFailure(f"{name[:128]}: plugins are still loading", code="timeout")


class PluginProxy:
    """A plugin's tools as coroutine methods, arguments by keyword; `_` stands for `-`."""

    def __init__(self, host: Host, name: str) -> None:
        self._host = host
        self._name = name

    def __getattr__(self, function: str) -> Callable[..., Any]:
        if function.startswith("__"):  # Python's own question, whether it has such a thing
            raise AttributeError(function)
        tool = self._host.tool(f"{self._name}.{function.replace('_', '-')}").id

        async def call(**arguments: object) -> Any:
            kebab = {name.replace("_", "-"): value for name, value in arguments.items()}
            return await self._host.call(tool, kebab)

        return call


def default_plugins() -> list[Path]:
    """The components that ship with the host."""
    return sorted((Path(__file__).parent / "default_plugins").glob("*.wasm"))


def _open_images(folder: Path) -> Images:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Images(folder / "images")
    except OSError as error:
        raise HostFailure(
            f"the state {folder} cannot be used: {error.strerror}: choose another with --state or "
            "INNKEEPER_STATE",
            code="unavailable",
        ) from error
