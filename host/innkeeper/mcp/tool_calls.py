"""`tools/call`: one call of the host, and its outcome as MCP puts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from innkeeper.errors import HostError, HostFailure
from innkeeper.mcp import answers
from innkeeper.mcp.answers import encode
from innkeeper.mcp.exchanges import Notify, internal_error
from innkeeper.mcp.loading import plugins_loading, report_for, wait_while_loading
from innkeeper.mcp.messages import CallParams, ProtocolError, RequestId
from innkeeper.mcp.revisions import ERROR_KEY

if TYPE_CHECKING:
    from innkeeper.mcp.dialects import Dialect
    from innkeeper.mcp.hosting import Host, Tool
    from innkeeper.mcp.limits import Limits

_encode_fault: Final = msgspec.json.Encoder(enc_hook=str).encode  # details are not ours to trust


class ToolCalling:
    """One `tools/call`.

    What the caller's model can act on comes back as a result with `isError`: a text that starts
    with the code, and `_meta["io.innkeeper/error"]` with `code`, `message`, `retryable` and, where
    there are any, `details` and `retry_after_s`. A tool's own error has its value as a second text.
    Faults of the request itself (an unknown tool) and of the host are JSON-RPC errors with the same
    object as `data`. The table in `innkeeper.errors` says which is which.
    """

    __slots__ = ("_dialect", "_host", "_limits", "_params", "_principal", "_session", "id")

    long_lived = False

    def __init__(
        self,
        request_id: RequestId,
        params: CallParams,
        *,
        host: Host,
        limits: Limits,
        dialect: Dialect,
        principal: str,
        session: str,
    ) -> None:
        self.id = request_id
        self._params = params
        self._host = host
        self._limits = limits
        self._dialect = dialect
        self._principal = principal
        self._session = session

    async def answer(self, notify: Notify) -> bytes:
        params = self._params
        try:
            tool = self._find() or await self._find_once_loaded(notify)
            value = await self._host.call_json(
                tool.id, params.arguments or {}, principal=self._principal, session=self._session
            )
            return self._success(encode(value), wraps=tool.wraps_result)
        except HostError as error:
            return self._failure(error)
        except Exception:
            return internal_error(self.id)

    def _find(self) -> Tool | None:
        try:
            return self._host.tool(self._params.name)
        except HostError:
            return None

    async def _find_once_loaded(self, notify: Notify) -> Tool:
        """The tool, once its plugin is loaded; raises `not_found`, or `timeout` while some load."""
        await wait_while_loading(
            self._host,
            ready=lambda: self._find() is not None,
            report=report_for(self._params.meta, notify),
            wait_s=self._limits.call_wait_s,
        )
        if self._find() is None and plugins_loading(self._host):
            raise HostFailure(f"{self._params.name}: plugins are still loading", code="timeout")
        return self._host.tool(self._params.name)

    def _success(self, value: bytes, *, wraps: bool) -> bytes:
        structured = b'{"result":%b}' % value if wraps else value
        return (
            b'{"jsonrpc":"2.0","id":%b,"result":%b"content":[{"type":"text","text":%b}],'
            b'"structuredContent":%b}}'
        ) % (encode(self.id), self._dialect.head, encode(structured.decode()), structured)

    def _failure(self, error: HostError) -> bytes:
        fault = _fault(error)
        if error.row.mcp is not None:
            return answers.error(
                ProtocolError(
                    error.row.mcp, str(error), request_id=self.id, data=msgspec.Raw(fault)
                )
            )
        texts = [f"{error.code}: {error}"]
        if error.code == "tool_error" and error.details is not None:
            texts.append(_encode_fault(error.details).decode())
        content = encode([{"type": "text", "text": text} for text in texts])
        head = self._dialect.head_with_meta(ERROR_KEY, fault)
        return answers.result(self.id, b'%b"content":%b,"isError":true}' % (head, content))


def _fault(error: HostError) -> bytes:
    """The error as an encoded object, the same in results and in JSON-RPC errors."""
    fault: dict[str, object] = {
        "code": error.code,
        "message": str(error),
        "retryable": error.row.retryable,
    }
    if error.details is not None:
        fault["details"] = error.details
    if error.retry_after_s is not None:
        fault["retry_after_s"] = error.retry_after_s
    return _encode_fault(fault)
