"""One peer's conversation: what it opened with, what it has under way, what it listens to.

A session gets whole messages and says what to send back; it knows no transport. A request that
needs time comes back as an `Exchange` for the transport to run. The transport calls `began` before
the session can see another message, and `ended` when it is done with the exchange, so that the ids
in use are known and `notifications/cancelled` finds its request.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import UNSET

from innkeeper.mcp import answers, messages
from innkeeper.mcp.dialects import LEGACY_DIALECT, Dialect
from innkeeper.mcp.exchanges import Exchange, Notify, internal_error
from innkeeper.mcp.loading import plugins_loading
from innkeeper.mcp.messages import UNDECODABLE, Notification, ProtocolError, Request, RequestId
from innkeeper.mcp.revisions import (
    CLIENT_CAPABILITIES_KEY,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    MODERN,
    REVISION_KEY,
    UNSUPPORTED_REVISION,
    agreed,
)
from innkeeper.mcp.subscriptions import Subscription
from innkeeper.mcp.tool_calls import ToolCalling
from innkeeper.mcp.tool_lists import ToolListing

if TYPE_CHECKING:
    from innkeeper.mcp.server import McpServer

Reply = bytes | Exchange | None

_LEGACY_ONLY: Final = frozenset({"initialize", "ping"})
_MODERN_ONLY: Final = frozenset({"server/discover", "subscriptions/listen"})
_SHOWN_CHARS_MAX: Final = 100  # of what the peer sent, in what we send back

_decode_call = msgspec.json.Decoder(messages.CallParams)
_decode_cancelled = msgspec.json.Decoder(messages.CancelledParams)
_decode_initialize = msgspec.json.Decoder(messages.InitializeParams)
_decode_list = msgspec.json.Decoder(messages.ListParams)
_decode_listen = msgspec.json.Decoder(messages.ListenParams)
_decode_params = msgspec.json.Decoder(messages.Params)


class Session:
    """The server's side of one conversation.

    `notify` sends a message that belongs to no request; it must not block.
    """

    def __init__(self, server: McpServer, *, notify: Notify, principal: str) -> None:
        self._server = server
        self._notify = notify
        self._principal = principal
        self._id = secrets.token_hex(16)  # whose kept instances its calls use, and nobody else's
        self._revision: str | None = None  # agreed by `initialize`; a modern peer has none
        self._initialized = False
        self._seen: int | None = None  # the generation of the tools that a legacy peer was shown
        self._under_way: dict[RequestId, Callable[[], object]] = {}
        self._subscriptions: dict[RequestId, Subscription] = {}
        self._handlers: dict[str, Callable[[Request], Reply]] = {
            "initialize": self._initialize,
            "ping": self._ping,
            "server/discover": self._discover,
            "subscriptions/listen": self._listen,
            "tools/call": self._call_slowly,
            "tools/list": self._list,
        }

    def receive(self, message: bytes) -> Reply:
        """What to do about one message: send bytes, run an exchange, or nothing. Never raises."""
        try:
            call = messages.decode_tool_call(message)
        except UNDECODABLE:
            return self._receive_slowly(message)
        try:
            return self._call(call.id, call.params)
        except ProtocolError as error:
            return answers.error(error)

    def began(self, request_id: RequestId, cancel: Callable[[], object]) -> None:
        """The exchange for `request_id` goes on; `cancel` ends it without an answer."""
        self._under_way[request_id] = cancel

    def ended(self, request_id: RequestId) -> None:
        """The exchange for `request_id` is over; its id may be used again."""
        self._under_way.pop(request_id, None)

    def cancel_all(self) -> None:
        """Cancel everything under way; none of it is answered."""
        for cancel in list(self._under_way.values()):
            cancel()

    def tools_changed(self) -> None:
        """Tell the peer that the tools are others than those it knows, where it wants to know."""
        generation = self._server.catalog.generation
        if self._initialized and self._seen is not None and self._seen != generation:
            self._seen = generation
            self._notify(answers.tools_changed())
        for subscription in self._subscriptions.values():
            subscription.tools_changed(generation)

    @property
    def listens(self) -> bool:
        """Whether `tools_changed` may have somebody to tell."""
        return self._seen is not None or bool(self._subscriptions)

    def end_subscriptions(self) -> None:
        """Let the subscriptions end gracefully, with their results."""
        for subscription in self._subscriptions.values():
            subscription.end()

    def _receive_slowly(self, message: bytes) -> Reply:
        try:
            decoded = messages.decode_message(message)
            if isinstance(decoded, Request):
                return self._handle(decoded)
        except ProtocolError as error:
            return answers.error(error)
        if isinstance(decoded, Notification):
            self._hear(decoded)
        return None

    def _handle(self, request: Request) -> Reply:
        handler = self._handlers.get(request.method)
        if handler is None:
            raise _unknown_method(request.method, request.id)
        try:
            return handler(request)
        except ProtocolError:
            raise
        except Exception:
            return internal_error(request.id)

    def _hear(self, notification: Notification) -> None:
        """Notifications are never answered: what is unknown or malformed is ignored."""
        if notification.method == "notifications/initialized":
            self._initialized = self._revision is not None
        elif notification.method == "notifications/cancelled":
            try:
                request_id = _decode_cancelled.decode(notification.params).request_id
            except UNDECODABLE:
                return
            cancel = self._under_way.get(request_id)
            if cancel is not None:
                cancel()

    def _admit(self, method: str, request_id: RequestId, meta: messages.Meta) -> Dialect:
        """How to answer this request; raises `ProtocolError` if its revision does not allow it."""
        if request_id in self._under_way:
            raise ProtocolError(INVALID_REQUEST, "this id is in use", request_id=request_id)
        if meta.revision is UNSET:
            self._check_legacy(method, request_id)
            return LEGACY_DIALECT
        if meta.revision not in MODERN:
            raise _unsupported_revision(meta.revision, request_id)
        if meta.capabilities is UNSET:
            raise _missing_meta(CLIENT_CAPABILITIES_KEY, request_id)
        if method in _LEGACY_ONLY:
            raise _unknown_method(method, request_id)
        return self._server.introduction.modern

    def _check_legacy(self, method: str, request_id: RequestId) -> None:
        if method in _MODERN_ONLY or (self._revision is None and method not in _LEGACY_ONLY):
            raise _missing_meta(REVISION_KEY, request_id)

    def _initialize(self, request: Request) -> Reply:
        params = messages.decode_params(request, _decode_initialize)
        if self._revision is not None:
            raise ProtocolError(INVALID_REQUEST, "already initialized", request_id=request.id)
        self._revision = agreed(params.protocol_version)
        body = self._server.introduction.initialized(self._revision)
        return answers.result(request.id, body)

    def _ping(self, request: Request) -> Reply:
        params = messages.decode_params(request, _decode_params)
        self._admit(request.method, request.id, params.meta)
        return answers.result(request.id, b"{}")

    def _discover(self, request: Request) -> Reply:
        params = messages.decode_params(request, _decode_params)
        self._admit(request.method, request.id, params.meta)
        return answers.result(request.id, self._server.introduction.discovered())

    def _list(self, request: Request) -> Reply:
        params = messages.decode_params(request, _decode_list)
        dialect = self._admit(request.method, request.id, params.meta)
        listing = ToolListing(
            request.id,
            params,
            host=self._server.host,
            catalog=self._server.catalog,
            limits=self._server.limits,
            dialect=dialect,
            shown=_nothing if dialect.modern else self._was_shown_tools,
        )
        return listing if plugins_loading(self._server.host) else listing.now()

    def _was_shown_tools(self) -> None:
        self._seen = self._server.catalog.generation

    def _call_slowly(self, request: Request) -> Reply:
        return self._call(request.id, messages.decode_params(request, _decode_call))

    def _call(self, request_id: RequestId, params: messages.CallParams) -> Reply:
        dialect = self._admit("tools/call", request_id, params.meta)
        server = self._server
        return ToolCalling(
            request_id,
            params,
            host=server.host,
            limits=server.limits,
            dialect=dialect,
            session=self._id,
            principal=self._principal,
        )

    def _listen(self, request: Request) -> Reply:
        params = messages.decode_params(request, _decode_listen)
        dialect = self._admit(request.method, request.id, params.meta)
        most = self._server.limits.subscriptions_max
        if len(self._subscriptions) >= most:
            raise ProtocolError(
                INVALID_REQUEST, f"at most {most} subscriptions", request_id=request.id
            )
        self._server.catalog.refresh()
        return Subscription(
            request.id,
            wants_tools=params.notifications.tools_list_changed,
            seen=self._server.catalog.generation,
            dialect=dialect,
            registry=self._subscriptions,
        )


def _nothing() -> None: ...


def _unknown_method(method: str, request_id: RequestId) -> ProtocolError:
    shown = method[:_SHOWN_CHARS_MAX]
    return ProtocolError(METHOD_NOT_FOUND, f"unknown method: {shown}", request_id=request_id)


def _missing_meta(key: str, request_id: RequestId) -> ProtocolError:
    text = f"params._meta[{key!r}] is missing, and no `initialize` came before that allows it"
    return ProtocolError(INVALID_PARAMS, text, request_id=request_id)


def _unsupported_revision(requested: str, request_id: RequestId) -> ProtocolError:
    return ProtocolError(
        UNSUPPORTED_REVISION,
        "unsupported protocol version",
        request_id=request_id,
        data={"supported": MODERN, "requested": requested},
    )
