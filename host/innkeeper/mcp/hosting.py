"""What this face asks of the host: the same signatures as `innkeeper.host`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Tool(Protocol):
    """One tool of the registry; the dicts are JSON-ready."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def plugin(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def input_schema(self) -> Mapping[str, object]: ...
    @property
    def structured_schema(self) -> Mapping[str, object]: ...
    @property
    def wraps_result(self) -> bool: ...
    @property
    def side_effects(self) -> str: ...
    @property
    def deterministic(self) -> bool: ...
    @property
    def stability(self) -> str: ...


class LoadProgress(Protocol):
    """How far a plugin is in being loaded."""

    @property
    def plugin(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def done(self) -> bool: ...


class Host(Protocol):
    """The part of the host that MCP stands on; it raises `HostError` and nothing else."""

    def tools(self) -> Sequence[Tool]:
        """All tools, sorted by id."""

    def tool(self, id_or_name: str) -> Tool:
        """One tool; `not_found` when there is none."""

    def loading(self) -> Sequence[LoadProgress]:
        """The plugins that are being loaded."""

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
        """The JSON-ready result of one call; cancelling the scope around it ends the guest."""
