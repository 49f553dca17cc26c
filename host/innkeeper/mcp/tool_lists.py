"""`tools/list`: a page of the catalog."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from innkeeper.mcp import answers
from innkeeper.mcp.answers import encode
from innkeeper.mcp.catalog import CursorError
from innkeeper.mcp.exchanges import Notify, internal_error
from innkeeper.mcp.loading import plugins_loading, report_for, wait_while_loading
from innkeeper.mcp.messages import ListParams, ProtocolError, RequestId
from innkeeper.mcp.revisions import INVALID_PARAMS

if TYPE_CHECKING:
    from innkeeper.mcp.catalog import Catalog
    from innkeeper.mcp.dialects import Dialect
    from innkeeper.mcp.hosting import Host
    from innkeeper.mcp.limits import Limits


class ToolListing:
    """One `tools/list`.

    Plugins that still load are waited for, `list_wait_s` at most; what comes later is announced by
    `notifications/tools/list_changed`.
    """

    __slots__ = ("_catalog", "_dialect", "_host", "_limits", "_params", "_shown", "id")

    long_lived = False

    def __init__(
        self,
        request_id: RequestId,
        params: ListParams,
        *,
        host: Host,
        catalog: Catalog,
        limits: Limits,
        dialect: Dialect,
        shown: Callable[[], None],
    ) -> None:
        self.id = request_id
        self._params = params
        self._host = host
        self._catalog = catalog
        self._limits = limits
        self._dialect = dialect
        self._shown = shown

    async def answer(self, notify: Notify) -> bytes:
        try:
            await wait_while_loading(
                self._host,
                ready=lambda: False,
                report=report_for(self._params.meta, notify),
                wait_s=self._limits.list_wait_s,
            )
            return self.now()
        except ProtocolError as error:
            return answers.error(error)
        except Exception:
            return internal_error(self.id)

    def now(self) -> bytes:
        """The response with the tools that are there; a foreign cursor is a `ProtocolError`."""
        complete = not plugins_loading(self._host)
        self._catalog.refresh()
        try:
            page = self._catalog.page(self._params.cursor)
        except CursorError as error:
            raise ProtocolError(INVALID_PARAMS, "unknown cursor", request_id=self.id) from error
        self._shown()
        rest = b"" if page.next_cursor is None else b',"nextCursor":' + encode(page.next_cursor)
        hints = self._dialect.list_hints(complete=complete)
        body = b'%b"tools":[%b]%b%b}' % (self._dialect.head, page.items, rest, hints)
        return answers.result(self.id, body)
