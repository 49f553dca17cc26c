"""`subscriptions/listen`: change notifications for those who asked (2026-07-28, subscriptions)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from innkeeper.mcp import answers
from innkeeper.mcp.answers import encode
from innkeeper.mcp.revisions import SUBSCRIPTION_KEY

if TYPE_CHECKING:
    from innkeeper.mcp.dialects import Dialect
    from innkeeper.mcp.exchanges import Notify
    from innkeeper.mcp.messages import RequestId


class Subscription:
    """One subscription to changes of the tool list.

    `answer` acknowledges first, and returns (the empty result of a graceful end) only after `end`.
    It stands in `registry` for as long as it runs.
    """

    __slots__ = ("_dialect", "_ended", "_notify", "_registry", "_seen", "_wants_tools", "id")

    long_lived = True

    def __init__(
        self,
        request_id: RequestId,
        *,
        wants_tools: bool,
        seen: int,
        dialect: Dialect,
        registry: dict[RequestId, Subscription],
    ) -> None:
        self.id = request_id
        self._wants_tools = wants_tools
        self._seen = seen
        self._dialect = dialect
        self._registry = registry
        self._ended = trio.Event()
        self._notify: Notify | None = None

    async def answer(self, notify: Notify) -> bytes:
        self._registry[self.id] = self
        self._notify = notify
        try:
            notify(self._acknowledgement())
            await self._ended.wait()
        finally:
            del self._registry[self.id]
        head = self._dialect.head_with_meta(SUBSCRIPTION_KEY, encode(self.id))
        return answers.result(self.id, head.removesuffix(b",") + b"}")

    def end(self) -> None:
        """Let `answer` return."""
        self._ended.set()

    def tools_changed(self, generation: int) -> None:
        """Tell the peer, unless it did not ask or was told."""
        if self._wants_tools and self._notify is not None and self._seen != generation:
            self._seen = generation
            self._notify(answers.tools_changed(self.id))

    def _acknowledgement(self) -> bytes:
        honoured = {"toolsListChanged": True} if self._wants_tools else {}
        return answers.notification(
            "notifications/subscriptions/acknowledged",
            {"_meta": {SUBSCRIPTION_KEY: self.id}, "notifications": honoured},
        )
