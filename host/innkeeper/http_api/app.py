"""The HTTP face as an ASGI application: from a request to a call of the host, and back."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from innkeeper.errors import HostError, HostFailure, RequestRefused
from innkeeper.http_api.access import AccessCheck
from innkeeper.http_api.arguments import parse_arguments
from innkeeper.http_api.asgi import Receive, Reply, Scope, Send
from innkeeper.http_api.catalog import (
    JSON_TYPE,
    catalog_reply,
    health_reply,
    tool_entry,
)
from innkeeper.http_api.exchange import BodyBudget, ClientGoneError, Exchange
from innkeeper.http_api.hosting import ToolHost
from innkeeper.http_api.invoke import call_options, require_json
from innkeeper.http_api.problem import problem
from innkeeper.http_api.routes import MethodRefused, resolve
from innkeeper.http_api.settings import HttpSettings
from innkeeper.http_api.watch import CallWatch

_log = logging.getLogger(__name__)
_VERSIONS: Final = ("1.1", "1.0")
_encoder = msgspec.json.Encoder()


class HttpApi:
    """The ASGI application (HTTP alone: no lifespan, no WebSocket).

    Every answer that is not a success is a problem of the error table. A call whose client
    leaves is cancelled while `watch` runs.
    """

    def __init__(
        self,
        host: ToolHost,
        settings: HttpSettings,
        watch: CallWatch,
        *,
        access: AccessCheck,
        version: str,
    ) -> None:
        self._host = host
        self._settings = settings
        self._watch = watch
        self._access = access
        self._version = version
        self._bodies = BodyBudget(settings.bodies_bytes_max)
        self._handlers: dict[str, Callable[[Exchange, str], Awaitable[Reply]]] = {
            "health": self._health,
            "list_tools": self._list_tools,
            "show_tool": self._show_tool,
            "invoke_tool": self._invoke_tool,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        exchange = Exchange(scope, receive, send)
        try:
            await exchange.reply(await self._answer(exchange))
        except ClientGoneError:
            _log.debug("%s %s: the client has gone", exchange.method, exchange.instance)
        finally:
            exchange.close()

    async def _answer(self, exchange: Exchange) -> Reply:
        try:
            try:
                return await self._dispatch(exchange)
            except HostError as error:
                return _refusal(exchange, error)
        except ClientGoneError:
            raise
        except Exception:
            _log.exception(
                "%s %s failed, trace id %s",
                exchange.method,
                exchange.instance,
                exchange.trace_id,
            )
            return _refusal(exchange, HostFailure("the host failed: its log has this trace id"))

    async def _dispatch(self, exchange: Exchange) -> Reply:
        if exchange.version not in _VERSIONS:
            raise RequestRefused(f"HTTP/{exchange.version} is not served here: HTTP/1.1 is")
        if exchange.has_two_lengths:
            exchange.reply_headers = ((b"connection", b"close"),)
            raise RequestRefused("Content-Length and Transfer-Encoding exclude each other")
        self._access.admit(exchange)
        resource = resolve(exchange.target)
        if exchange.method == "OPTIONS":
            return self._access.options(exchange, resource)
        handler = self._handlers[resource.route(exchange.method).name]
        return await handler(exchange, resource.tool_id)

    async def _health(self, exchange: Exchange, tool_id: str) -> Reply:
        return health_reply(self._version, self._host.tools(), self._host.loading())

    async def _list_tools(self, exchange: Exchange, tool_id: str) -> Reply:
        return catalog_reply(exchange, {"items": [tool_entry(tool) for tool in self._host.tools()]})

    async def _show_tool(self, exchange: Exchange, tool_id: str) -> Reply:
        return catalog_reply(exchange, tool_entry(self._host.tool(tool_id)))

    async def _invoke_tool(self, exchange: Exchange, tool_id: str) -> Reply:
        settings = self._settings
        options = call_options(exchange, deadline_ms_max=settings.deadline_ms_max)
        require_json(exchange)
        body = await exchange.body(
            bytes_max=settings.body_bytes_max, wait_s=settings.body_s, budget=self._bodies
        )
        arguments = parse_arguments(body)
        with self._watch.call(exchange.receive) as call:
            value = await self._host.call_json(
                tool_id, arguments, deadline_s=options.deadline_s, qos=options.qos
            )
            return Reply(200, (JSON_TYPE,), _encoder.encode(value))
        raise call.ended


def _refusal(exchange: Exchange, error: HostError) -> Reply:
    reply = problem(error, instance=exchange.instance, trace_id=exchange.trace_id)
    if isinstance(error, MethodRefused):
        allow = (b"allow", error.allow.encode("ascii"))
        return Reply(reply.status, (*reply.headers, allow), reply.body)
    return reply
