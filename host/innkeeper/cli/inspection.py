"""What a component file is, without running it: what `Host.load` would say, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from innkeeper.capabilities import log
from innkeeper.contracts.package_docs import package_docs
from innkeeper.engine.capacity import Capacity
from innkeeper.engine.compiler import Compiler, Progress
from innkeeper.engine.pool import InstancePool
from innkeeper.engine.program import Imports, Program
from innkeeper.errors import ContractError, HostError
from innkeeper.plugins.binding import bind_tools
from innkeeper.plugins.loader import read_component, stem_of
from innkeeper.plugins.manifest import Manifest, bare_manifest, read_manifest
from innkeeper.plugins.registry import Tool
from innkeeper_core.world import Items


class Refusal(msgspec.Struct, frozen=True):
    """Why a component would not load."""

    code: str
    message: str


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """A component file. Imports and exports are `interface#function`, or a name at the root.

    `manifest` is the embedded one, or what stands in for it (`is_embedded` says which), and None
    where neither can be; `unsatisfied` are the imports that nobody serves.
    """

    path: str
    size_bytes: int
    digest: str
    manifest: Manifest | None
    is_embedded: bool
    imports: list[str]
    exports: list[str]
    unsatisfied: list[str]
    tools: list[Tool]
    loads: bool
    refusal: Refusal | None


async def inspect(
    path: Path,
    compiler: Compiler,
    *,
    component_bytes_max: int,
    progress: Callable[[Progress], None] | None = None,
) -> Inspection:
    """Read and compile a component; what stops it from loading is part of the answer.

    Raises RequestRefused (not_found, payload_too_large), and ContractError (component_invalid)
    where it is no component.
    """
    data = read_component(path, component_bytes_max)
    manifest, is_embedded, refusals = _manifest(data, path)
    program = await _program(data, compiler, path, refusals, progress)
    tools: list[Tool] = []
    if program is not None:
        _noting(refusals, lambda: program.check_imports(path.stem))
        if manifest is not None:
            _noting(refusals, lambda: tools.extend(_tools(manifest, program, data)))
    return Inspection(
        path=str(path),
        size_bytes=len(data),
        digest=hashlib.sha256(data).hexdigest(),
        manifest=manifest,
        is_embedded=is_embedded,
        imports=_names(program.imports) if program else [],
        exports=_names(program.exports) if program else [],
        unsatisfied=sorted(program.on_demand.linker.missing) if program else [],
        tools=sorted(tools, key=lambda tool: tool.id),
        loads=not refusals,
        refusal=refusals[0] if refusals else None,
    )


def _manifest(data: bytes, path: Path) -> tuple[Manifest | None, bool, list[Refusal]]:
    """The manifest, whether it is the component's own, and what is wrong with it."""
    try:
        embedded = read_manifest(data, subject=path.name)
        return embedded or bare_manifest(stem_of(path)), embedded is not None, []
    except ContractError:
        raise
    except HostError as error:
        return None, False, [Refusal(error.code, str(error))]


async def _program(
    data: bytes,
    compiler: Compiler,
    path: Path,
    refusals: list[Refusal],
    progress: Callable[[Progress], None] | None,
) -> Program | None:
    try:
        served = Imports(dict(log.FUNCTIONS))
        return await compiler.program(data, served, subject=path.stem, progress=progress)
    except ContractError as error:
        if error.code == "component_invalid":
            raise
        refusals.append(Refusal(error.code, str(error)))
        return None


def _tools(manifest: Manifest, program: Program, data: bytes) -> list[Tool]:
    name = manifest.plugin.name
    pool = InstancePool(program, manifest.limits, name=name, capacity=Capacity())
    bound = bind_tools(manifest, program.exports, pool=pool, docs=package_docs(data))
    return [entry.tool for entry in bound]


def _noting(refusals: list[Refusal], check: Callable[[], None]) -> None:
    try:
        check()
    except HostError as error:
        refusals.append(Refusal(error.code, str(error)))


def _names(items: Items) -> list[str]:
    """Every function, and what cannot be handled, by its full name."""
    own = [*items.functions, *items.unsupported]
    below = [
        f"{interface}#{name}"
        for interface, inner in items.interfaces.items()
        for name in [*inner.functions, *inner.unsupported]
    ]
    return sorted(own + below)
