"""The one table of routes: what each needs before it is answered.

`gate` is the policy key that a principal must hold, `auth` the class of credentials (spec 1.3:
public, token, admin), `rate` the limiter's class. While the host has no tokens it serves loopback
addresses alone, and every caller there is the principal `local`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import unquote_to_bytes

import msgspec

from innkeeper.errors import RequestRefused

TARGET_BYTES_MAX: Final = 2048  # the cache below holds targets, and callers choose them


class Route(msgspec.Struct, frozen=True):
    """One operation; `{id}` in `path` stands for a tool's id, which has no slash and no colon."""

    name: str
    method: Literal["GET", "POST"]
    path: str
    gate: str
    auth: Literal["public", "token", "admin"]
    rate: Literal["probe", "read", "call"]


ROUTES: Final = (
    Route("health", "GET", "/healthz", gate="introspect:probe", auth="public", rate="probe"),
    Route("list_tools", "GET", "/tools", gate="tools:list", auth="token", rate="read"),
    Route("show_tool", "GET", "/tools/{id}", gate="tools:list", auth="token", rate="read"),
    Route("invoke_tool", "POST", "/tools/{id}:invoke", gate="tools:run", auth="token", rate="call"),
)


class MethodRefused(RequestRefused):
    """The path is known, the method is not; `allow` is the value of the `Allow` header."""

    default_code = "method_not_allowed"

    def __init__(self, method: str, allow: str) -> None:
        super().__init__(f"{_short(method)}: this path takes {allow}")
        self.allow = allow


class Resource(msgspec.Struct, frozen=True):
    """One path: its routes by method (HEAD is GET's), the `Allow` value, the tool id or ""."""

    routes: dict[str, Route]
    allow: str
    tool_id: str

    def route(self, method: str) -> Route:
        """Return the route for `method`; raises MethodRefused."""
        try:
            return self.routes[method]
        except KeyError:
            raise MethodRefused(method, self.allow) from None


@lru_cache(maxsize=512)
def resolve(target: bytes) -> Resource:
    """Return what stands at a request target's path; raises RequestRefused (not_found).

    `target` is still percent-encoded, without the query. An encoded slash never matches: whoever
    filters paths in front of us must see the same path as we do.
    """
    path = _decode(target)
    for pattern, routes, allow in _PATHS:
        if match := pattern.fullmatch(path):
            return Resource(routes, allow, match.groupdict().get("id", ""))
    raise RequestRefused(f"{_short(path)}: there is nothing at this path", code="not_found")


def _decode(target: bytes) -> str:
    if not target.startswith(b"/") or len(target) > TARGET_BYTES_MAX or b"%2f" in target.lower():
        text = target.decode("latin-1")
        raise RequestRefused(f"{_short(text)}: there is nothing at this path", code="not_found")
    if b"%" not in target:
        return target.decode("latin-1")
    if re.search(rb"%(?![0-9A-Fa-f]{2})", target):
        raise RequestRefused("the path has a % that is not followed by two hexadecimal digits")
    try:
        return unquote_to_bytes(target).decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestRefused("the path's percent-encoding is not UTF-8") from error


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"


def _paths() -> list[tuple[re.Pattern[str], dict[str, Route], str]]:
    table: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        methods = table.setdefault(route.path, {})
        methods[route.method] = route
        if route.method == "GET":
            methods["HEAD"] = route
    return [
        (
            re.compile(re.escape(path).replace(r"\{id\}", r"(?P<id>[^/:\x00-\x20\x7f]+)")),
            methods,
            ", ".join([*methods, "OPTIONS"]),
        )
        for path, methods in table.items()
    ]


_PATHS: Final = _paths()
