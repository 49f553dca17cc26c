"""Hosts for tests, with a state of their own, that serve the functions of `test:host`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from guests import guest
from unit.engine.workshop import Handler, served

from innkeeper import Host, HostError, Settings, open_host
from innkeeper.contracts.sections import custom_section
from innkeeper.engine.program import Name


@asynccontextmanager
async def keeping(
    state: Path, imports: Mapping[Name, Handler] | None = None, **settings: object
) -> AsyncIterator[Host]:
    """A host in a state; its settings by name."""
    given: Any = settings  # each has its field's type
    own = served()
    async with open_host(
        state, Settings(**given), imports={**own.functions, **(imports or {})}, drops=own.drops
    ) as host:
        yield host


def with_manifest(source: str | bytes, name: str = "x", **tables: Mapping[str, object]) -> bytes:
    """A guest with a manifest: `limits={…}`, `reuse={…}`; version 1.0.0."""
    lines = ["[plugin]", f'name = "{name}"', 'version = "1.0.0"']
    for table, values in tables.items():
        lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    data = guest(source) if isinstance(source, str) else source
    return data + custom_section("innkeeper:manifest", "\n".join(lines).encode())


async def failure(
    host: Host, tool: str, /, deadline_s: float | None = None, **given: object
) -> HostError:
    """The error that a call ends with."""
    arguments = {name.replace("_", "-"): value for name, value in given.items()}
    with pytest.raises(HostError) as error:
        await host.call(tool, arguments, deadline_s=deadline_s)
    return error.value


def call_records(state: Path) -> list[dict[str, Any]]:
    """The lines of the log of calls, for a host that is closed."""
    path = state / "calls.jsonl"
    return (
        [json.loads(line) for line in path.read_text().split("\n") if line] if path.exists() else []
    )
