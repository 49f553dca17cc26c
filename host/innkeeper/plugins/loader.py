"""From a component's bytes to a loaded plugin: manifest, program, pool, tools."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import trio

from innkeeper.contracts.package_docs import package_docs
from innkeeper.engine.capacity import Capacity
from innkeeper.engine.compiler import Compiler, Progress
from innkeeper.engine.pool import InstancePool
from innkeeper.engine.program import Imports, Program
from innkeeper.errors import ContractError, RequestRefused
from innkeeper.plugins.binding import BoundTool, bind_tools
from innkeeper.plugins.manifest import Manifest, bare_manifest, read_manifest

Source = str | os.PathLike[str] | bytes


class Plugin:
    """A component plus its manifest, as loaded."""

    def __init__(
        self, manifest: Manifest, digest: str, program: Program, pool: InstancePool
    ) -> None:
        self.manifest = manifest
        self.digest = digest
        self.program = program
        self.pool = pool
        self.tools: list[BoundTool] = []

    @property
    def name(self) -> str:
        """The name its tools' ids begin with."""
        return self.manifest.plugin.name


class Loader:
    """Loads plugins; what it loads runs within `capacity` and is served `imports`."""

    def __init__(
        self,
        compiler: Compiler,
        capacity: Capacity,
        imports: Imports,
        *,
        nursery: trio.Nursery,
        component_bytes_max: int,
    ) -> None:
        self._compiler = compiler
        self._capacity = capacity
        self._imports = imports
        self._nursery = nursery
        self._component_bytes_max = component_bytes_max

    async def load(
        self,
        source: Source,
        *,
        name: str | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> Plugin:
        """Load a component from a file or from bytes; it is named by its manifest, else by `name`
        or the file.

        Raises ContractError, ManifestError, RequestRefused (not_found, payload_too_large).
        """
        data = await self._read(source)
        stem = name or stem_of(source)
        manifest = read_manifest(data, subject=stem) or bare_manifest(stem)
        subject = manifest.plugin.name
        program = await self._compiler.program(
            data,
            self._imports,
            subject=subject,
            fuel=manifest.limits.fuel_max > 0,
            progress=progress,
        )
        program.check_imports(subject)
        pool = InstancePool(
            program,
            manifest.limits,
            name=subject,
            capacity=self._capacity,
            reuse=manifest.reuse.instance,
            nursery=self._nursery,
        )
        plugin = Plugin(manifest, hashlib.sha256(data).hexdigest(), program, pool)
        plugin.tools = bind_tools(manifest, program.exports, pool=pool, docs=package_docs(data))
        return plugin

    async def _read(self, source: Source) -> bytes:
        if isinstance(source, bytes):
            _check_size(len(source), self._component_bytes_max, "the component")
            return source
        return await trio.to_thread.run_sync(
            read_component, Path(source), self._component_bytes_max
        )


def stem_of(source: Source) -> str:
    """What a component without manifest or name is called after."""
    return "component" if isinstance(source, bytes) else Path(source).stem


def read_component(path: Path, bytes_max: int) -> bytes:
    """The bytes of a component's file, a regular one.

    Raises RequestRefused (not_found, payload_too_large), ContractError where it is no file.
    """
    try:
        with open(path, "rb", opener=_open_regular) as file:
            _check_size(os.fstat(file.fileno()).st_size, bytes_max, str(path))
            data = file.read(bytes_max + 1)
    except OSError as error:
        raise RequestRefused(f"{path}: {error.strerror}", code="not_found") from error
    except ValueError as error:  # a zero byte, which no path has
        raise RequestRefused(f"{str(path)!r}: {error}", code="not_found") from error
    _check_size(len(data), bytes_max, str(path))
    return data


def _open_regular(path: str, flags: int) -> int:
    """Open what is a file, without waiting for what is a pipe. Raises ContractError."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise ContractError(f"{path}: is not a regular file")


def _check_size(size: int, bytes_max: int, what: str) -> None:
    if size > bytes_max:
        raise RequestRefused(
            f"{what}: {size} bytes are over component_bytes_max {bytes_max}",
            code="payload_too_large",
        )
