"""The caller's trace: W3C Trace Context (Recommendation of 2021-11-23), section 3.2."""

from __future__ import annotations

import os
import re
from typing import Final

_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_TRACEPARENT_BYTES: Final = 55


def trace_id(traceparent: bytes | None) -> str:
    """Return the caller's trace id, or a new one where there is none or it is not well formed."""
    if traceparent is not None:
        known, more = traceparent[:_TRACEPARENT_BYTES], traceparent[_TRACEPARENT_BYTES:]
        match = _TRACEPARENT.fullmatch(known)
        # Versions above 00 may carry more fields behind a dash.
        if match and (not more or (more.startswith(b"-") and known[:2] != b"00")):
            return match[1].decode("ascii")
    return os.urandom(16).hex()
