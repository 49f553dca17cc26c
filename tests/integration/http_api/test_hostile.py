"""Requests that are wrong in every way: a problem or a closed connection, and never a dead host."""

import random

import pytest
from integration.http_api.served import INVOKE, exchange, serving

from innkeeper.errors import CODES
from innkeeper.http_api.settings import HttpSettings

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
WEBSOCKET = (
    b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: a\r\nSec-WebSocket-Version: 13\r\n"
)
H2C = (
    b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    b"Upgrade: h2c\r\nHTTP2-Settings: "
)

ROUNDS = 400

# The first seven ended the whole of hypercorn 0.18 under Trio.
HOSTILE = {
    "a websocket header that is not ASCII": WEBSOCKET + b"Sec-WebSocket-Extensions: \xff\r\n\r\nxx",
    "a websocket protocol that is not ASCII": WEBSOCKET + b"Sec-WebSocket-Protocol: \xff\r\n\r\nxx",
    "a websocket handshake with a body": WEBSOCKET + b"Content-Length: 5\r\n\r\nabcde",
    "HTTP/2 settings that are no base64": H2C + b"!!!!a\r\n\r\n",
    "HTTP/2 settings of an odd length": H2C + b"AAA\r\n\r\n",
    "HTTP/2 settings out of range": H2C + b"AAUAAAAA\r\n\r\n",
    "HTTP/2 by prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00",
    "garbage": b"\x00\x01\x02\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200,
    "a head without end": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000,
    "a target without end": b"GET /" + b"a" * 70_000,
    "a long target": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a thousand headers": GET + b"X: y\r\n" * 1000 + b"X-End: " + b"z" * 15_000 + b"\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "no host in HTTP/1.0": b"GET /healthz HTTP/1.0\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    "a line folded": GET + b"X: a\r\n b\r\nOrigin: null\r\n\r\n",
    "a header without a name": GET + b": x\r\n\r\n",
    "a space before the colon": GET + b"Content-Length : 3\r\n\r\nabc",
    "HTTP/3.0": b"GET /healthz HTTP/3.0\r\nHost: localhost\r\n\r\n",
    "HTTP/9": b"GET /healthz HTTP/9\r\nHost: localhost\r\n\r\n",
    "a tunnel": b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\nabc",
    "a proxy request": b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a chunk of no size": INVOKE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    "a chunk of negative size": INVOKE + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc",
    "a chunk of vast size": INVOKE + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 30 + b"\r\n",
    "two lengths": INVOKE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length and chunks": INVOKE
    + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "another transfer encoding": INVOKE + b"Transfer-Encoding: gzip\r\n\r\nabc",
    "a negative length": INVOKE + b"Content-Length: -1\r\n\r\n",
    "a vast length": INVOKE + b"Content-Length: " + b"9" * 18 + b"\r\n\r\n{}",
    "a length of thousands of digits": INVOKE + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    "no body": INVOKE + b"\r\n",
    "a body that is not JSON": INVOKE + b"Content-Length: 1\r\n\r\n{",
    "deep nesting": INVOKE + b"Content-Length: 500000\r\n\r\n" + b"[" * 500_000,
    "bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a null in the path": b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method in lower case": b"get /tools/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method of its own": b"BREW /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_request_gets_a_problem_and_harms_nobody(name: str) -> None:
    async with serving() as served:
        [answer] = await exchange(served, HOSTILE[name])
        assert answer.code in CODES
        assert await served.is_well()


@pytest.mark.parametrize("rest", [b"X: %s\r\n\r\n" % (b"y" * 20_000), b"\r\nzz\r\n"])
async def test_a_hostile_request_for_a_head_gets_no_body(
    rest: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    request = b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    async with serving() as served, await served.connect() as stream:
        await stream.send_all(request + rest)
        answer = b""
        while data := await stream.receive_some(1000):
            answer += data
    assert answer.startswith(b"HTTP/1.1 4")
    assert answer.endswith(b"\r\n\r\n")
    assert not caplog.records


async def test_mutated_requests_get_answers_or_problems(caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(20261122)
    seeds = [
        INVOKE + b'Content-Length: 8\r\n\r\n{"a": 1}',
        INVOKE + b'Transfer-Encoding: chunked\r\n\r\n8\r\n{"a": 1}\r\n0\r\n\r\n',
        GET + b"Connection: keep-alive\r\n\r\n",
        b"GET /tools/x.echo%401.2 HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n",
        *(request for request in HOSTILE.values() if len(request) < 1000),
    ]
    impatient = HttpSettings(body_s=0.1, keep_alive_s=0.1, linger_s=0.1)
    async with serving(settings=impatient) as served:
        for _ in range(ROUNDS):
            answers = await exchange(served, mutated(chance.choice(seeds), chance) + b"\r\n\r\n")
            for answer in answers:
                assert answer.status in (200, 204) or answer.code in CODES
        assert await served.is_well()
    assert not caplog.records  # what a client does wrong is no news to the operator


def mutated(request: bytes, chance: random.Random) -> bytes:
    """`request` with a few bytes changed, lost, doubled or moved; the end makes it complete."""
    data = bytearray(request)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randint(1, 5)]
            case 2:
                data[at:at] = data[at : at + chance.randint(1, 20)]
            case _:
                data[at:at] = chance.choice([b"\r\n", b"\x00", b":", b" ", b"%", b"\xff"])
        if not data:
            data = bytearray(b"x")
    return bytes(data)
