"""The MCP server core: what all conversations share. It knows no transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from innkeeper.mcp.catalog import Catalog
from innkeeper.mcp.dialects import Introduction
from innkeeper.mcp.limits import Limits
from innkeeper.mcp.loading import plugins_loading
from innkeeper.mcp.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from innkeeper.mcp.exchanges import Notify
    from innkeeper.mcp.hosting import Host

_WATCH_LOADING_S: Final = 0.1
_WATCH_IDLE_S: Final = 1.0  # an idle host wakes rarely


class McpServer:
    """Serves a host's tools to any number of sessions; `version` is innkeeper's own."""

    def __init__(self, host: Host, *, version: str, limits: Limits | None = None) -> None:
        self.host = host
        self.limits = limits or Limits()
        self.catalog = Catalog(host, self.limits)
        self.introduction = Introduction(version)
        self._sessions: set[Session] = set()

    def open_session(self, *, notify: Notify, principal: str = "local") -> Session:
        """A new conversation; `principal` is who calls the tools. Ends with `close_session`."""
        session = Session(self, notify=notify, principal=principal)
        self._sessions.add(session)
        return session

    def close_session(self, session: Session) -> None:
        """Forget a session and let its subscriptions end."""
        self._sessions.discard(session)
        session.end_subscriptions()

    async def watch_tools(self) -> None:
        """Announce changes of the tool list to the sessions that listen; runs until cancelled."""
        while True:
            loading = plugins_loading(self.host)
            await trio.sleep(_WATCH_LOADING_S if loading else _WATCH_IDLE_S)
            listening = list(self._listening())
            if listening:
                self.catalog.refresh()
            for session in listening:
                session.tools_changed()

    def _listening(self) -> Iterator[Session]:
        return (session for session in self._sessions if session.listens)
