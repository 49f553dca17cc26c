"""Requests whose answers may take time, as the transports see them.

A transport awaits `answer` in a cancel scope of its own and sends what comes back; cancelling that
scope cancels the request. `notify` takes messages that belong to the request; it never blocks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from innkeeper.mcp import answers
from innkeeper.mcp.messages import ProtocolError
from innkeeper.mcp.revisions import INTERNAL_ERROR

if TYPE_CHECKING:
    from innkeeper.mcp.messages import RequestId

Notify = Callable[[bytes], None]

_log = logging.getLogger(__name__)


class Exchange(Protocol):
    """A request under way."""

    id: RequestId
    long_lived: bool  # it stays open until it is cancelled or ended, and does no work meanwhile

    async def answer(self, notify: Notify) -> bytes:
        """The response; a defect of ours becomes an internal error, never an exception."""


def internal_error(request_id: RequestId) -> bytes:
    """The response for an exception that nobody foresaw; the exception goes to the log."""
    _log.exception("a request failed inside the server")
    return answers.error(ProtocolError(INTERNAL_ERROR, "internal error", request_id=request_id))
