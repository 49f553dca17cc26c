"""W3C trace context."""

import pytest

from innkeeper.http_api.trace import trace_id

GIVEN = b"0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    "traceparent",
    [
        b"00-" + GIVEN + b"-b7ad6b7169203331-01",
        b"01-" + GIVEN + b"-b7ad6b7169203331-00",
        b"cc-" + GIVEN + b"-b7ad6b7169203331-01-what-is-new",
    ],
)
def test_a_callers_trace_id_is_taken(traceparent: bytes) -> None:
    assert trace_id(traceparent) == GIVEN.decode()


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        b"",
        b"ff-" + GIVEN + b"-b7ad6b7169203331-01",
        b"00-" + GIVEN.upper() + b"-b7ad6b7169203331-01",
        b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01",
        b"00-" + GIVEN + b"-0000000000000000-01",
        b"00-" + GIVEN + b"-b7ad6b7169203331-01-more",
        b"01-" + GIVEN + b"-b7ad6b7169203331-01x",
        b"00-" + GIVEN,
        b"\xff" * 55,
    ],
)
def test_a_trace_context_that_is_not_well_formed_starts_a_new_trace(
    traceparent: bytes | None,
) -> None:
    first, second = trace_id(traceparent), trace_id(traceparent)
    assert len(first) == 32
    assert int(first, 16)
    assert first not in (second, GIVEN.decode())
