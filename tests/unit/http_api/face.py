"""A face without sockets: a host that does as it is told, and a client that speaks ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import trio
import trio.lowlevel

from innkeeper.errors import RequestRefused
from innkeeper.http_api.access import AccessCheck
from innkeeper.http_api.app import HttpApi
from innkeeper.http_api.asgi import Message
from innkeeper.http_api.settings import HttpSettings
from innkeeper.http_api.watch import CallWatch

JSON_HEADER = ("content-type", "application/json")


class FakeTool(msgspec.Struct, frozen=True):
    """A tool as the registry holds it."""

    id: str = "x.echo"
    name: str = "x.echo"
    plugin: str = "x"
    version: str = "1.2.0"
    title: str = "Echo"
    description: str = "Gives back what it gets."
    input_schema: Mapping[str, object] = msgspec.field(default_factory=lambda: {"type": "object"})
    output_schema: Mapping[str, object] = msgspec.field(default_factory=lambda: {"type": "object"})
    error_schema: Mapping[str, object] | None = None
    side_effects: str = "none"
    deterministic: bool = True
    stability: str = "stable"


class FakeLoading(msgspec.Struct, frozen=True):
    """A plugin on its way."""

    plugin: str = "y"
    stage: str = "compile"
    elapsed_s: float = 1.5
    done: bool = False


class Call(msgspec.Struct, frozen=True):
    """What the host was asked to call."""

    tool: str
    arguments: Mapping[str, object]
    deadline_s: float | None
    qos: str
    principal: str


async def echo(call: Call) -> object:
    return call.arguments


class FakeHost:
    """Answers each call with `answer(call)`, and remembers it."""

    def __init__(self, answer: Callable[[Call], Awaitable[object]] = echo) -> None:
        self.answer = answer
        self.calls: list[Call] = []
        self.all_tools: list[FakeTool] = [FakeTool()]
        self.all_loading: list[FakeLoading] = []

    def tools(self) -> Sequence[FakeTool]:
        return self.all_tools

    def tool(self, id_or_name: str) -> FakeTool:
        for tool in self.all_tools:
            if tool.id == id_or_name:
                return tool
        raise RequestRefused(f"{id_or_name}: there is no such tool", code="not_found")

    def loading(self) -> Sequence[FakeLoading]:
        return self.all_loading

    async def call_json(
        self,
        tool: str,
        arguments: Mapping[str, object],
        *,
        deadline_s: float | None = None,
        qos: str = "interactive",
        principal: str = "local",
    ) -> object:
        self.calls.append(Call(tool, arguments, deadline_s, qos, principal))
        return await self.answer(self.calls[-1])


class Answer(msgspec.Struct):
    """What came back; status 0 when nothing did."""

    status: int = 0
    headers: dict[str, str] = {}
    body: bytes = b""

    @property
    def json(self) -> Any:  # tests look into it freely
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        """The code of a problem; asserts that the answer is one, and a whole one."""
        problem = self.json
        assert self.headers["content-type"] == "application/problem+json"
        assert problem["status"] == self.status
        assert len(problem["trace_id"]) == 32
        assert isinstance(problem["retryable"], bool)
        assert problem["type"] == f"urn:innkeeper:problem:{problem['code']}"
        assert problem["title"]
        assert problem["detail"]
        return str(problem["code"])


class Client:
    """One request of one client, which may hang up at any time, or never send its last piece.

    The end of the answer is taken once `end_takes` pieces were: hypercorn waits for room likewise.
    """

    def __init__(
        self,
        method: str = "GET",
        target: str = "/tools",
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes | Sequence[bytes] | None = None,
        http_version: str = "1.1",
        names_host: bool = True,
        sends_all: bool = True,
        end_takes: int = 0,
    ) -> None:
        self.answer = Answer()
        self.received = 0
        self._sends_all = sends_all
        self._end_takes = end_takes
        self._pieces = [body] if isinstance(body, bytes) else list(body or [])
        given = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        names = {name for name, _ in given}
        if names_host and b"host" not in names:
            given.append((b"host", b"localhost:8090"))
        if isinstance(body, bytes) and not {b"content-length", b"transfer-encoding"} & names:
            given.append((b"content-length", b"%d" % len(body)))
        if body is not None and not isinstance(body, bytes):
            given.append((b"transfer-encoding", b"chunked"))
        self.scope = {
            "type": "http",
            "method": method,
            "raw_path": target.encode("latin-1"),
            "http_version": http_version,
            "headers": given,
        }
        self._gone = trio.Event()

    def hang_up(self) -> None:
        self._gone.set()

    async def ask(self, api: HttpApi) -> Answer:
        await api(self.scope, self._receive, self._send)
        return self.answer

    async def _receive(self) -> Message:
        await trio.lowlevel.checkpoint()
        if self._pieces:
            self.received += 1
            piece = self._pieces.pop(0)
            more = bool(self._pieces) or not self._sends_all
            return {"type": "http.request", "body": piece, "more_body": more}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        if message["type"] == "http.response.start":
            assert self.answer.status == 0, "answered twice"
            self.answer.status = message["status"]
            self.answer.headers = {
                name.decode(): value.decode() for name, value in message["headers"]
            }
        else:
            self.answer.body += message["body"]
            if not message.get("more_body"):
                while self.received < self._end_takes:
                    await trio.lowlevel.checkpoint()
                self.hang_up()


def make_api(
    host: FakeHost | None = None,
    settings: HttpSettings | None = None,
    watch: CallWatch | None = None,
) -> HttpApi:
    """Return a face of `host`, bound to nothing."""
    settings = settings or HttpSettings()
    return HttpApi(
        host or FakeHost(),
        settings,
        watch or CallWatch(),
        access=AccessCheck(settings.hosts, settings.origins),
        version="0.1.0",
    )


async def ask(
    api: HttpApi,
    method: str,
    target: str,
    *headers: tuple[str, str],
    body: bytes | Sequence[bytes] | None = None,
) -> Answer:
    return await Client(method, target, headers=headers, body=body).ask(api)


async def invoke(api: HttpApi, body: bytes | Sequence[bytes], *headers: tuple[str, str]) -> Answer:
    """Call `x.echo`, as JSON unless `headers` says otherwise."""
    if "content-type" not in dict(headers):
        headers += (JSON_HEADER,)
    return await ask(api, "POST", "/tools/x.echo:invoke", *headers, body=body)
