"""How much one peer may ask of the server at a time."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of one MCP connection.

    Over `message_bytes_max` a message is error and skipped without being held. Over
    `in_flight_max` calls, or `in_flight_bytes_max` of their requests, further calls wait; once
    `waiting_max` wait, the transport stops reading. Output beyond `output_bytes_max` that the peer
    does not take stops the reading too, and lets notifications fall.
    """

    message_bytes_max: int = 4 * 1024 * 1024
    in_flight_max: int = 64
    in_flight_bytes_max: int = 16 * 1024 * 1024
    waiting_max: int = 64
    output_bytes_max: int = 8 * 1024 * 1024
    subscriptions_max: int = 16
    page_tools_max: int = 100
    page_bytes_max: int = 1024 * 1024
    list_wait_s: float = 5.0  # how long tools/list waits for plugins that still load
    call_wait_s: float = 120.0  # how long a call waits for its plugin to load
    drain_s: float = 0.05  # what calls about to finish get when the peer closes
    slice_s: float = 0.001  # inline work after which other tasks get a turn
