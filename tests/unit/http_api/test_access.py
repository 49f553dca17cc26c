"""Host and Origin."""

import pytest
from unit.http_api.face import Client, ask, make_api

from innkeeper.http_api.settings import HttpSettings

PAGE = "https://app.example"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8090",
        "LOCALHOST:9000",
        "127.0.0.1",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:80",
    ],
)
async def test_loopback_names_are_answered_at_any_port(host: str) -> None:
    assert (await ask(make_api(), "GET", "/healthz", ("host", host))).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8090",
        "localhost.evil.example",
        "localhost.",
        "localhost:x",
        "localhost:80:90",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "0.0.0.0",
        "[::]",
        "::1",
        "[::1",
        "user@localhost",
        "\xff",
        "x" * 5000,
    ],
)
async def test_any_other_host_name_is_refused(host: str) -> None:
    api = make_api()
    await ask(api, "GET", "/healthz")  # a good name before it changes nothing
    answer = await ask(api, "GET", "/healthz", ("host", host))
    assert (answer.status, answer.code) == (403, "policy_denied")
    assert len(answer.json["detail"]) < 300


async def test_a_request_that_names_no_host_is_refused_from_the_first() -> None:
    client = Client(target="/healthz", http_version="1.0", names_host=False)
    assert (await client.ask(make_api())).code == "policy_denied"


async def test_the_operator_can_allow_a_host_name() -> None:
    api = make_api(settings=HttpSettings(hosts=("inn.example",)))
    assert (await ask(api, "GET", "/healthz", ("host", "Inn.Example:8090"))).status == 200


async def test_the_host_of_an_absolute_target_counts_and_not_the_header() -> None:
    api = make_api()
    good = await ask(api, "GET", "http://localhost:8090/healthz", ("host", "evil.example"))
    bad = await ask(api, "GET", "http://evil.example/healthz", ("host", "localhost"))
    assert (good.status, bad.code) == (200, "policy_denied")


async def test_a_page_of_this_host_may_call() -> None:
    origin = ("origin", "http://localhost:8090")
    answer = await ask(make_api(), "GET", "/tools", ("host", "localhost:8090"), origin)
    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        PAGE,
        "http://localhost",
        "http://localhost:3000",
        "https://localhost:8090",
        "http://localhost:8090.evil.example",
        "file://",
        "\xff",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_a_page_of_another_origin_is_refused(origin: str, method: str) -> None:
    target = "/tools/x.echo:invoke" if method == "POST" else "/tools"
    headers = ("host", "localhost:8090"), ("origin", origin)
    answer = await ask(make_api(), method, target, *headers)
    assert (answer.status, answer.code) == (403, "policy_denied")
    assert "access-control-allow-origin" not in answer.headers


async def test_an_allowed_origin_may_read_answers_and_problems() -> None:
    api = make_api(settings=HttpSettings(origins=(PAGE,)))
    for target in ("/tools", "/nothing"):
        answer = await ask(api, "GET", target, ("origin", PAGE))
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["vary"] == "origin"


async def test_a_preflight_of_an_allowed_origin_says_what_it_may_send() -> None:
    api = make_api(settings=HttpSettings(origins=(PAGE,)))
    headers = ("origin", PAGE), ("access-control-request-method", "POST")
    answer = await ask(api, "OPTIONS", "/tools/x.echo:invoke", *headers)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert "x-innkeeper-deadline-ms" in answer.headers["access-control-allow-headers"]
    assert "content-length" not in answer.headers


async def test_options_without_an_origin_says_what_is_allowed() -> None:
    answer = await ask(make_api(), "OPTIONS", "/tools")
    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert "access-control-allow-methods" not in answer.headers
