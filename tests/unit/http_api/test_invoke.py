"""`POST /tools/{id}:invoke`."""

import logging

import pytest
import trio
from trio.testing import MockClock
from unit.http_api.face import Answer, Call, FakeHost, ask, invoke, make_api

from innkeeper.errors import (
    CODES,
    HostFailure,
    LimitExceeded,
    PluginFault,
    RequestRefused,
    ToolFailed,
)
from innkeeper.http_api.settings import HttpSettings

TRACE = "0af7651916cd43dd8448eb211c80319c"


def raising(error: Exception) -> FakeHost:
    async def answer(call: Call) -> object:
        raise error

    return FakeHost(answer)


def returning(value: object) -> FakeHost:
    async def answer(call: Call) -> object:
        return value

    return FakeHost(answer)


async def test_the_body_is_the_arguments_and_the_answer_is_the_value() -> None:
    host = FakeHost()
    answer = await invoke(make_api(host), b'{"text": "h\\u00e4"}')
    assert (answer.status, answer.body) == (200, '{"text":"hä"}'.encode())
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert host.calls == [Call("x.echo", {"text": "hä"}, None, "interactive", "local")]


@pytest.mark.parametrize("value", [None, 7, "text", [1, 2], {"a": None}, True])
async def test_any_json_value_can_be_the_answer(value: object) -> None:
    assert (await invoke(make_api(returning(value)), b"{}")).json == value


async def test_the_headers_set_deadline_and_quality() -> None:
    host = FakeHost()
    headers = ("x-innkeeper-deadline-ms", "1500"), ("x-innkeeper-qos", "background")
    await invoke(make_api(host), b"{}", *headers)
    assert (host.calls[0].deadline_s, host.calls[0].qos) == (1.5, "background")


@pytest.mark.parametrize(
    "deadline_ms",
    ["", "0", "-1", "+1", "1.5", "1e3", "one", " ", "1_0", "²", "3600001", "9" * 4000],
)
async def test_a_deadline_that_is_no_number_of_milliseconds_is_refused(deadline_ms: str) -> None:
    host = FakeHost()
    answer = await invoke(make_api(host), b"{}", ("x-innkeeper-deadline-ms", deadline_ms))
    assert (answer.status, answer.code, host.calls) == (400, "validation_failed", [])


@pytest.mark.parametrize("qos", ["", "Interactive", "realtime", "batch,batch", "\xff"])
async def test_an_unknown_quality_is_refused(qos: str) -> None:
    answer = await invoke(make_api(), b"{}", ("x-innkeeper-qos", qos))
    assert (answer.status, answer.code) == (400, "validation_failed")


@pytest.mark.parametrize(
    "name", ["x-innkeeper-deadline-ms", "x-innkeeper-qos", "content-type", "origin", "host"]
)
async def test_a_header_given_twice_is_refused(name: str) -> None:
    headers = ("content-type", "application/json"), (name, "batch"), (name, "batch")
    answer = await ask(make_api(), "POST", "/tools/x.echo:invoke", *headers, body=b"{}")
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert name in answer.json["detail"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/vnd.example+json",
        "application/json; profile=x",
    ],
)
async def test_json_of_any_name_is_taken(content_type: str) -> None:
    answer = await invoke(make_api(), b"{}", ("content-type", content_type))
    assert answer.status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json, application/json",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/json; charset",
        "\xff",
    ],
)
async def test_any_other_content_type_is_refused(content_type: str) -> None:
    host = FakeHost()
    answer = await invoke(make_api(host), b"{}", ("content-type", content_type))
    assert (answer.status, answer.code, host.calls) == (400, "validation_failed", [])


async def test_a_body_without_a_content_type_is_refused() -> None:
    answer = await ask(make_api(), "POST", "/tools/x.echo:invoke", body=b"{}")
    assert answer.code == "validation_failed"


async def test_an_encoded_body_is_refused() -> None:
    answer = await invoke(make_api(), b"{}", ("content-encoding", "gzip"))
    assert answer.code == "validation_failed"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a": NaN}', b'{"a":' * 100_000])
async def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    answer = await invoke(make_api(), body)
    assert (answer.status, answer.code) == (400, "validation_failed")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RequestRefused("no such tool", code="not_found"), 404),
        (RequestRefused("a: must be a string"), 400),
        (LimitExceeded("5 s are over"), 504),
        (LimitExceeded("full", code="rate_limited", retry_after_s=1.0), 429),
        (LimitExceeded("memory", code="memory_limit"), 507),
        (PluginFault("trapped", kind="unreachable"), 502),
        (HostFailure("away", code="unavailable"), 503),
        (HostFailure("cancelled", code="cancelled"), 499),
        (ToolFailed("it said no", details={"tag": "empty"}), 422),
    ],
)
async def test_an_error_of_the_host_is_a_problem(error: Exception, status: int) -> None:
    answer = await invoke(make_api(raising(error)), b"{}")
    assert answer.status == status
    assert answer.code in CODES
    assert answer.json["detail"] == str(error)


async def test_a_tools_own_error_is_in_the_details() -> None:
    host = raising(ToolFailed("it said no", details={"tag": "empty", "value": [1]}))
    assert (await invoke(make_api(host), b"{}")).json["details"] == {"tag": "empty", "value": [1]}


@pytest.mark.parametrize(
    "host",
    [
        raising(ValueError("the password is 1234")),
        raising(ExceptionGroup("the password is 1234", [ValueError()])),
        raising(ToolFailed("the password is 1234", details=object())),
        returning(object()),
        returning("\ud800"),
    ],
)
async def test_an_unforeseen_error_is_logged_and_not_shown(
    host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await invoke(make_api(host), b"{}")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert b"1234" not in answer.body
    assert b"Traceback" not in answer.body
    assert answer.json["trace_id"] in caplog.text


async def test_a_problem_carries_the_callers_trace() -> None:
    header = ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01")
    answer = await invoke(make_api(), b"nonsense", header)
    assert answer.json["trace_id"] == TRACE


async def test_a_body_over_the_limit_is_too_large_however_it_is_sent() -> None:
    host = FakeHost()
    api = make_api(host, HttpSettings(body_bytes_max=10))
    piece = b" " * 11
    answers: list[Answer] = [
        await invoke(api, piece),
        await invoke(api, [piece]),
        await invoke(api, [b" " * 6, b" " * 5, b" "]),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(413, "payload_too_large")] * 3
    assert host.calls == []


async def test_a_body_in_pieces_is_put_together() -> None:
    answer = await invoke(make_api(), [b'{"a"', b": [1", b"", b"]}"])
    assert answer.json == {"a": [1]}


async def test_bodies_in_flight_share_one_budget_and_give_it_back(
    autojump_clock: MockClock,
) -> None:
    async def sleep(call: Call) -> object:
        await trio.sleep(1)
        return None

    api = make_api(FakeHost(sleep), HttpSettings(bodies_bytes_max=100))
    body = [b'{"a":"', b"x" * 60, b'"}']
    answers: list[Answer] = []

    async def one() -> None:
        answers.append(await invoke(api, body))

    for _ in range(3):  # what is not given back is missed the second time
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one)
            nursery.start_soon(one)
    refused = [answer for answer in answers if answer.status != 200]
    assert [answer.code for answer in refused] == ["rate_limited"] * 3
    assert refused[0].headers["retry-after"] == "1"
