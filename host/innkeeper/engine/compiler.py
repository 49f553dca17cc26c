"""From a component's bytes to a `Program`: image cache first, compiler second.

Compiling runs in a child, or in a worker thread for small components, and reports progress; a
cancelled caller does not wait for it.
Two callers with the same component share one compilation.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

import msgspec
import outcome
import trio

from innkeeper.engine.apart import APART_BYTES_MIN, can_compile_apart, compile_apart
from innkeeper.engine.engines import Engines, Variant
from innkeeper.engine.faults import invalid_component
from innkeeper.engine.images import Images
from innkeeper.engine.program import Imports, Program
from innkeeper.engine.selftest import two_borrows
from innkeeper.errors import ContractError
from innkeeper_core.component import Component, Engine, InvalidComponent

PROGRESS_S: Final = 1.0
COMPONENT_MAGIC: Final = b"\0asm\x0d\0\x01\0"
MODULE_MAGIC: Final = b"\0asm\x01\0\0\0"

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class Progress(msgspec.Struct, frozen=True):
    """How far a plugin is with loading: its `stage` ("compile"), and seconds since it began."""

    plugin: str
    stage: str
    elapsed_s: float
    done: bool


class Compiler:
    """Makes programs; holds the engines and, where there is a state, the images."""

    def __init__(self, images: Images | None, *, engines: Engines | None = None) -> None:
        self.engines = engines or Engines()
        self._images = images
        self._under_way: dict[str, trio.Event] = {}
        self._unchecked: list[Variant] = []
        self._used: set[Variant] = set()

    async def program(
        self,
        data: bytes,
        imports: Imports,
        *,
        subject: str,
        fuel: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Program:
        """Compile, or fetch from the cache. Raises ContractError where the bytes are no component
        that this host can run."""
        _check_magic(data, subject)
        digest = hashlib.sha256(data).hexdigest()
        while digest in self._under_way:
            await self._under_way[digest].wait()
        self._under_way[digest] = trio.Event()
        try:
            return await self._program(data, digest, imports, subject, fuel, progress)
        except InvalidComponent as error:
            raise invalid_component(str(error), subject) from error
        finally:
            self._under_way.pop(digest).set()

    async def _program(
        self,
        data: bytes,
        digest: str,
        imports: Imports,
        subject: str,
        fuel: bool,
        progress: Callable[[Progress], None] | None,
    ) -> Program:
        plain, concurrent = Variant(fuel=fuel), Variant(concurrency=True, fuel=fuel)
        for variant in (plain, concurrent):
            component = await self._open(digest, variant)
            if component is not None:
                return self._ready(component, digest, variant, imports)
        compiling = partial(self._compile, data, plain, concurrent)
        variant, compiled = await _reporting(compiling, subject, progress)
        await self._remember(compiled, digest, variant)
        return self._ready(compiled, digest, variant, imports)

    async def _compile(
        self, data: bytes, plain: Variant, concurrent: Variant
    ) -> tuple[Variant, Component]:
        try:
            return plain, await self._compile_for(plain, data)
        except InvalidComponent as error:
            if "async" not in str(error):
                raise
        return concurrent, await self._compile_for(concurrent, data)

    async def _compile_for(self, variant: Variant, data: bytes) -> Component:
        engine = self.engines.on_demand(variant)
        if len(data) < APART_BYTES_MIN or not can_compile_apart():
            return await trio.to_thread.run_sync(engine.compile, data, abandon_on_cancel=True)
        return _load(engine, _in_memory(await compile_apart(data, variant)))

    async def check_engines(self) -> None:
        """Log what each engine in use makes of the self-test, once an engine."""
        while self._unchecked:
            variant = self._unchecked.pop()
            problem = await trio.to_thread.run_sync(two_borrows, self.engines.on_demand(variant))
            if variant.concurrency and problem is None:
                _log.info("two borrows in one host call work with concurrency on: see decision 002")
            elif variant.concurrency:
                _log.warning(
                    "components with async exports cannot lend two resources in one host call: "
                    "a fault of libwasmtime %s",
                    self.engines.version,
                )
            elif problem is not None:
                _log.error("libwasmtime fails its self-test: %s", problem)

    def _ready(
        self, component: Component, digest: str, variant: Variant, imports: Imports
    ) -> Program:
        if variant not in self._used:
            self._used.add(variant)
            self._unchecked.append(variant)

        def load_pooled() -> Component:
            descriptor = self._descriptor(digest, variant)
            if descriptor is None:
                descriptor = _in_memory(component.serialize())
            return _load(self.engines.pooled(variant), descriptor)

        return Program(component, imports, pooled=load_pooled)

    def _descriptor(self, digest: str, variant: Variant) -> int | None:
        if self._images is None:
            return None
        return self._images.open(self.engines.image_name(digest, variant))

    async def _open(self, digest: str, variant: Variant) -> Component | None:
        """From the cache. An image is hashed at first sight, so this looks in a thread."""
        if self._images is None:
            return None
        descriptor = await trio.to_thread.run_sync(self._descriptor, digest, variant)
        if descriptor is None:
            return None
        try:
            return _load(self.engines.on_demand(variant), descriptor)
        except InvalidComponent as error:
            _log.warning("a compiled image does not load, it is compiled anew: %s", error)
            self._images.discard(self.engines.image_name(digest, variant))
            return None

    async def _remember(self, component: Component, digest: str, variant: Variant) -> None:
        if self._images is None:
            return
        images, name = self._images, self.engines.image_name(digest, variant)
        try:
            await trio.to_thread.run_sync(lambda: images.save(name, component.serialize()))
        except OSError as error:
            _log.warning("the compiled image is not kept, and compiled anew next time: %s", error)


def _load(engine: Engine, descriptor: int) -> Component:
    try:
        return engine.load(descriptor)
    finally:
        os.close(descriptor)


def _in_memory(image: bytes) -> int:
    """A descriptor of an image that is in no file."""
    descriptor = os.memfd_create("innkeeper-image", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(image)
    return descriptor


async def _reporting(
    work: Callable[[], Awaitable[Result]],
    subject: str,
    progress: Callable[[Progress], None] | None,
) -> Result:
    """Do the work; while it lasts, report each second."""
    if progress is None:
        return await work()
    started_s = trio.current_time()

    async def tick() -> None:
        while True:
            await trio.sleep(PROGRESS_S)
            progress(Progress(subject, "compile", trio.current_time() - started_s, False))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tick)
        # captured as a value, so that the nursery does not wrap an error in a group
        result = await outcome.acapture(work)
        nursery.cancel_scope.cancel()
    return result.unwrap()


def _check_magic(data: bytes, subject: str) -> None:
    if data[:8] == MODULE_MAGIC:
        raise ContractError(
            f"{subject}: is a core module, not a component: make one of it with "
            "`wasm-tools component new`"
        )
    if data[:8] != COMPONENT_MAGIC:
        raise ContractError(f"{subject}: is not a WebAssembly component: {data[:8]!r} begins it")
