"""What this face asks of the host: the same signatures as `innkeeper.host`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Tool(Protocol):
    """One tool of the registry; the mappings are JSON-ready."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def input_schema(self) -> Mapping[str, object]: ...
    @property
    def output_schema(self) -> Mapping[str, object]: ...
    @property
    def error_schema(self) -> Mapping[str, object] | None: ...
    @property
    def side_effects(self) -> str: ...
    @property
    def deterministic(self) -> bool: ...
    @property
    def stability(self) -> str: ...
    @property
    def plugin(self) -> str: ...


class Loading(Protocol):
    """A plugin that is being made ready."""

    @property
    def plugin(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def elapsed_s(self) -> float: ...
    @property
    def done(self) -> bool: ...


class ToolHost(Protocol):
    """The part of the host that HTTP stands on; its methods raise HostError and nothing else."""

    def tools(self) -> Sequence[Tool]:
        """All tools, sorted by id."""

    def tool(self, id_or_name: str) -> Tool:
        """One tool; RequestRefused (not_found) when there is none."""

    def loading(self) -> Sequence[Loading]:
        """The plugins that are being loaded."""

    async def call_json(
        self,
        tool: str,
        arguments: Mapping[str, object],
        *,
        deadline_s: float | None = None,
        qos: str = "interactive",
        principal: str = "local",
    ) -> object:
        """Call a tool; the result is JSON-ready. Cancelling ends the guest at once."""
