"""The face on a real port, with the clients that people use."""

import socket
from http.client import HTTPConnection
from time import perf_counter

import pytest
import trio
import trio.lowlevel
from integration.http_api.served import INVOKE, JSON, PATIENCE_S, exchange, serving
from unit.http_api.face import Call, FakeHost

from innkeeper.errors import HostError
from innkeeper.http_api.bind import Bind, open_listener
from innkeeper.http_api.server import serve
from innkeeper.http_api.settings import HttpSettings


async def test_a_client_lists_and_calls_over_one_connection() -> None:
    host = FakeHost()
    async with serving(host) as served, served.client() as client:
        listed = await client.get("/tools")
        tool = listed.json()["items"][0]["id"]
        answer = await client.post(f"/tools/{tool}:invoke", json={"text": "hä"})
        assert (answer.status_code, answer.json()) == (200, {"text": "hä"})
        again = await client.get("/tools", headers={"if-none-match": listed.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await client.get("/healthz")).json()["status"] == "ok"


async def test_the_standard_librarys_client_calls_and_asks_for_heads() -> None:
    def use(connection: HTTPConnection) -> tuple[bytes, str, bytes]:
        connection.request("POST", "/tools/x.echo%401.2:invoke", b'{"a": 1}', JSON)
        called = connection.getresponse().read()
        connection.request("HEAD", "/tools")
        head = connection.getresponse()
        length, body = head.headers["content-length"], head.read()
        return called, length, body

    host = FakeHost()
    async with serving(host) as served:
        called, length, body = await served.in_thread(use)
    assert called == b'{"a":1}'
    assert (int(length) > 100, body) == (True, b"")
    assert host.calls[0].tool == "x.echo@1.2"


async def test_answers_name_the_server_and_the_date_and_not_the_library() -> None:
    async with serving() as served, served.client() as client:
        headers = (await client.get("/healthz")).headers
    assert headers["server"] == "innkeeper"
    assert headers["date"].endswith(" GMT")


async def test_an_ipv6_loopback_address_can_be_served() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with serving(bind="[::1]:0") as served, served.client() as client:
        assert served.url.startswith("http://[::1]:")
        assert (await client.get("/healthz")).status_code == 200


async def test_an_address_that_others_can_reach_is_not_bound() -> None:
    with pytest.raises(HostError) as caught:
        await serve(FakeHost(), bind="0.0.0.0:0")
    assert caught.value.code == "policy_denied"


async def test_an_address_that_is_taken_is_said_to_be() -> None:
    async with serving() as served:
        with pytest.raises(HostError, match="in use") as caught:
            await serve(FakeHost(), bind=f"127.0.0.1:{served.port}")
    assert caught.value.code == "unavailable"


async def test_the_largest_body_arrives_whole() -> None:
    text = "x" * (1 << 20)
    async with serving() as served, served.client() as client:
        answer = await client.post("/tools/x.echo:invoke", json={"text": text})
    assert answer.json() == {"text": text}


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_client_that_sends_far_too_much_can_read_why_it_is_refused(
    is_chunked: bool,
) -> None:
    def use(connection: HTTPConnection) -> tuple[int, bytes]:
        body = b" " * (8 << 20)
        pieces = (body[at : at + 99] for at in range(0, len(body), 99))
        connection.request("POST", "/tools/x.echo:invoke", pieces if is_chunked else body, JSON)
        answer = connection.getresponse()
        return answer.status, answer.read()

    async with serving(settings=HttpSettings(linger_s=PATIENCE_S)) as served:
        status, body = await served.in_thread(use)
        assert await served.is_well()
    assert (status, b"payload_too_large" in body) == (413, True)


async def test_a_body_of_thousands_of_chunks_to_a_path_without_one_holds_nothing_up() -> None:
    chunks = b"1\r\nx\r\n" * 5000 + b"0\r\n\r\n"
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serving() as served:
        answers = await exchange(served, request + chunks)
    assert [answer.status for answer in answers] == [200]


async def test_a_client_that_expects_to_be_told_to_continue_is() -> None:
    async with serving() as served, await served.connect() as stream:
        await stream.send_all(INVOKE + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert (await stream.receive_some(1000)).startswith(b"HTTP/1.1 100")
        await stream.send_all(b"{}")
        assert (await stream.receive_some(1000)).startswith(b"HTTP/1.1 200")


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    requests = b"".join(
        INVOKE + b'Content-Length: %d\r\n\r\n{"n": %d}' % (len(str(number)) + 7, number)
        for number in range(50)
    )
    async with serving() as served:
        answers = await exchange(served, requests, answers=50)
    assert [answer.body for answer in answers] == [b'{"n":%d}' % number for number in range(50)]


async def test_a_request_in_single_bytes_is_understood() -> None:
    request = INVOKE + b'Content-Length: 8\r\n\r\n{"a": 1}'
    async with serving() as served, await served.connect() as stream:
        for at in range(len(request)):
            await stream.send_all(request[at : at + 1])
            await trio.lowlevel.checkpoint()
        assert (await stream.receive_some(1000)).endswith(b'\r\n\r\n{"a":1}')


def test_accepted_sockets_send_without_delay() -> None:
    with open_listener(Bind("127.0.0.1", 0)) as listener:
        listener.setblocking(True)
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_head_and_body_in_two_segments_do_not_wait_for_each_other() -> None:
    # Nagle's algorithm and delayed acknowledgements together cost 40 ms an exchange, every time
    # once a connection is warm. The fastest of many exchanges tells: a busy machine slows some.
    def use(connection: HTTPConnection) -> float:
        times_s = []
        for _ in range(60):
            start_s = perf_counter()
            connection.request("POST", "/tools/x.echo:invoke", b"{}", JSON)
            connection.getresponse().read()
            times_s.append(perf_counter() - start_s)
        return min(times_s[30:])

    async with serving() as served:
        assert await served.in_thread(use) < 0.035


async def test_an_upgrade_to_another_protocol_is_ignored() -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: %s\r\nContent-Length: 2\r\n\r\n{}"
    async with serving() as served:
        for protocol in (b"websocket", b"h2c"):
            [answer] = await exchange(served, INVOKE + upgrade % protocol)
            assert (answer.status, answer.body) == (200, b"{}")


async def test_a_client_that_sends_no_request_is_let_go() -> None:
    settings = HttpSettings(keep_alive_s=0.1)
    async with serving(settings=settings) as served:
        for beginning in (b"", b"GET /healthz HTTP/1.1\r\nHos"):
            async with await served.connect() as stream:
                if beginning:
                    await stream.send_all(beginning)
                assert await stream.receive_some(1000) == b""


async def test_a_further_client_takes_the_place_of_the_idlest() -> None:
    async with (
        serving(settings=HttpSettings(connections_max=2)) as served,
        await served.connect() as first,
        await served.connect() as second,
    ):
        for stream in (first, second):
            await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert await stream.receive_some(1000)
        assert await served.is_well()
        assert await first.receive_some(1000) == b""


async def test_clients_over_the_limit_are_turned_away_while_all_are_busy() -> None:
    async def wait(call: Call) -> object:
        started.set()
        await trio.sleep_forever()

    started = trio.Event()
    async with (
        serving(FakeHost(wait), HttpSettings(connections_max=1)) as served,
        await served.connect() as busy,
    ):
        await busy.send_all(INVOKE + b"Content-Length: 2\r\n\r\n{}")
        await started.wait()
        assert await exchange(served, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") == []
