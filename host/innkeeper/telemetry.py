"""Traces, through the OpenTelemetry API alone.

A span costs 4 us even where nobody listens, so there is none unless the process has loaded the SDK:
the CLI or an embedding program sets it up before it opens a host.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer


def tracer() -> Tracer | None:
    """The tracer of this host, or None where no SDK is loaded."""
    if "opentelemetry.sdk.trace" not in sys.modules:
        return None
    from opentelemetry import trace  # here, not above: it costs every start 30 ms

    return trace.get_tracer("innkeeper")
