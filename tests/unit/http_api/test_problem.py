"""Errors as problem details."""

import msgspec
import pytest

from innkeeper.errors import (
    CODES,
    HostError,
    HostFailure,
    LimitExceeded,
    PluginFault,
    RequestRefused,
    ToolFailed,
)
from innkeeper.http_api.problem import DETAIL_CHARS_MAX, Problem, problem

TRACE = "0af7651916cd43dd8448eb211c80319c"


def render(error: HostError) -> Problem:
    reply = problem(error, instance="/tools/a.b", trace_id=TRACE)
    return msgspec.json.decode(reply.body, type=Problem)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_row_of_the_table(code: str) -> None:
    error = HostFailure("why", code=code)
    reply = problem(error, instance="/tools/a.b", trace_id=TRACE)
    body = render(error)
    assert reply.status == body.status == CODES[code].http
    assert (body.code, body.retryable) == (code, CODES[code].retryable)
    assert (body.detail, body.instance, body.trace_id) == ("why", "/tools/a.b", TRACE)
    assert dict(reply.headers)[b"content-type"] == b"application/problem+json"


def test_details_are_left_out_when_there_are_none() -> None:
    assert render(RequestRefused("no")).details is msgspec.UNSET


def test_a_tools_own_error_always_shows_its_details() -> None:
    assert render(ToolFailed("it said no", details=None)).details is None
    assert render(ToolFailed("it said no", details={"tag": "full"})).details == {"tag": "full"}


def test_a_trap_names_its_kind() -> None:
    assert render(PluginFault("trapped", kind="unreachable")).kind == "unreachable"


@pytest.mark.parametrize(("retry_after_s", "seconds"), [(0.2, b"1"), (2.0, b"2"), (2.1, b"3")])
def test_a_retryable_error_says_when_to_come_back(retry_after_s: float, seconds: bytes) -> None:
    error = LimitExceeded("busy", code="rate_limited", retry_after_s=retry_after_s)
    reply = problem(error, instance="/", trace_id=TRACE)
    assert dict(reply.headers)[b"retry-after"] == seconds


def test_an_error_that_will_not_pass_says_nothing_of_coming_back() -> None:
    error = LimitExceeded("flood", code="host_calls_exceeded", retry_after_s=1.0)
    reply = problem(error, instance="/", trace_id=TRACE)
    assert b"retry-after" not in dict(reply.headers)


def test_hostile_text_is_cut_and_made_encodable() -> None:
    error = PluginFault("\ud800" * 2 * DETAIL_CHARS_MAX, kind="\ud800")
    body = render(error)
    assert len(body.detail) == DETAIL_CHARS_MAX
    assert body.kind == "?"
