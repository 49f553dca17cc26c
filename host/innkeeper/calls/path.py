"""The path of a call: validate, run, publish."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from math import inf
from time import perf_counter, time
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
import trio

from innkeeper.errors import HostError, HostFailure, RequestRefused, ToolFailed
from innkeeper.plugins.binding import BoundTool

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

YIELD_EVERY_S: Final = 0.001

_log = logging.getLogger(__name__)


class CallRecord(msgspec.Struct, frozen=True):
    """What is published of a call: `code` is "ok" or an error code, `at` a Unix time."""

    at: float
    tool: str
    version: str
    principal: str
    code: str
    elapsed_us: int


class Journal(Protocol):
    """Where records of calls go. Must not block."""

    def publish(self, record: CallRecord) -> None: ...


class CallPath:
    """Takes every call, whatever face it came through."""

    def __init__(self, journal: Journal | None, tracer: Tracer | None = None) -> None:
        self._journal = journal
        self._tracer = tracer
        self._task = 0
        self._yielded_s = 0.0

    async def call(
        self,
        bound: BoundTool,
        arguments: Mapping[str, object],
        *,
        deadline_s: float | None,
        principal: str,
        session: str | None,
    ) -> object:
        """The result as plain data. `deadline_s` is seconds from now.

        Raises HostError alone; a host function's own failure is an internal_error.
        """
        check_deadline(deadline_s)
        await self._yield_sometimes()
        if self._tracer is not None:
            return await self._traced(bound, arguments, deadline_s, principal, session)
        return await self._published(bound, arguments, deadline_s, principal, session)

    async def _yield_sometimes(self) -> None:
        """A task that does one quick call after another still lets others run, and be cancelled."""
        now_s = perf_counter()
        task = id(trio.lowlevel.current_task())
        if task != self._task:
            self._task = task
            self._yielded_s = now_s
        elif now_s - self._yielded_s > YIELD_EVERY_S:
            await trio.lowlevel.checkpoint()
            self._yielded_s = perf_counter()

    async def _traced(
        self,
        bound: BoundTool,
        arguments: Mapping[str, object],
        deadline_s: float | None,
        principal: str,
        session: str | None,
    ) -> object:
        assert self._tracer is not None
        attributes = {"innkeeper.tool": bound.tool.id, "innkeeper.principal": principal}
        with self._tracer.start_as_current_span("tool.call", attributes=attributes):
            return await self._published(bound, arguments, deadline_s, principal, session)

    async def _published(
        self,
        bound: BoundTool,
        arguments: Mapping[str, object],
        deadline_s: float | None,
        principal: str,
        session: str | None,
    ) -> object:
        if self._journal is None:
            return await _run(bound, arguments, deadline_s, session)
        started_s = perf_counter()
        code = "cancelled"
        try:
            value = await _run(bound, arguments, deadline_s, session)
            code = "ok"
            return value
        except HostError as error:
            code = error.code
            raise
        finally:
            elapsed_us = int((perf_counter() - started_s) * 1e6)
            tool = bound.tool
            self._journal.publish(
                CallRecord(time(), tool.id, tool.version, principal, code, elapsed_us)
            )


def check_deadline(deadline_s: float | None) -> None:
    """Raises RequestRefused (validation_failed) where it is no time from now."""
    if deadline_s is not None and not 0 < deadline_s < inf:
        raise RequestRefused(f"deadline_s = {deadline_s}: is not a positive number of seconds")


async def _run(
    bound: BoundTool,
    arguments: Mapping[str, object],
    deadline_s: float | None,
    session: str | None,
) -> object:
    deadline = None if deadline_s is None else trio.current_time() + deadline_s
    values = bound.decode(arguments)
    try:
        value = await bound.pool.call(bound.function, values, deadline=deadline, session=session)
    except HostError:
        raise
    except Exception as error:
        _log.exception("the host failed in a call of %s", bound.tool.id)
        raise HostFailure(
            f"{bound.tool.id}: the host, or a host function, failed: {type(error).__name__}"
        ) from error
    if not bound.fails:
        return value
    side, payload = value
    if side == "ok":
        return payload
    raise _tool_failure(bound, payload)


def _tool_failure(bound: BoundTool, payload: object) -> ToolFailed:
    details = payload if bound.encode_error is None else bound.encode_error(payload)
    text = details if isinstance(details, str) else msgspec.json.encode(details).decode()
    return ToolFailed(f"{bound.tool.id}: {text}", details=details)
