"""Reading a request and answering it."""

import trio
from trio.testing import MockClock
from unit.http_api.face import JSON_HEADER, Client, FakeHost, make_api

from innkeeper.http_api.settings import HttpSettings


def unfinished(*pieces: bytes) -> Client:
    """A client that never sends the end of its body."""
    return Client(
        "POST", "/tools/x.echo:invoke", headers=[JSON_HEADER], body=pieces, sends_all=False
    )


async def test_a_body_that_does_not_arrive_times_out(autojump_clock: MockClock) -> None:
    api = make_api(settings=HttpSettings(body_s=3.0))
    answer = await unfinished(b'{"a"').ask(api)
    assert (answer.status, answer.code) == (504, "timeout")
    assert trio.current_time() == 3.0


async def test_a_client_that_leaves_before_its_body_is_whole_gets_no_answer() -> None:
    host = FakeHost()
    client = unfinished(b'{"a"')
    client.hang_up()
    answer = await client.ask(make_api(host))
    assert (answer.status, host.calls) == (0, [])


async def test_what_a_refused_client_still_sends_is_read_and_thrown_away() -> None:
    # Without a reader the server's queue would fill, and the connection never close.
    client = Client("GET", "/nothing", body=[b"x"] * 100, end_takes=50)
    assert (await client.ask(make_api())).status == 404
    assert client.received >= 50


async def test_two_ways_of_telling_the_length_are_refused() -> None:
    headers = JSON_HEADER, ("content-length", "2"), ("transfer-encoding", "chunked")
    client = Client("POST", "/tools/x.echo:invoke", headers=headers, body=b"{}")
    answer = await client.ask(make_api())
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert answer.headers["connection"] == "close"


async def test_another_version_of_http_is_refused() -> None:
    answer = await Client(http_version="2.0").ask(make_api())
    assert (answer.status, answer.code) == (400, "validation_failed")


async def test_every_answer_forbids_guessing_its_type() -> None:
    for target in ("/tools", "/nothing"):
        answer = await Client(target=target).ask(make_api())
        assert answer.headers["x-content-type-options"] == "nosniff"
