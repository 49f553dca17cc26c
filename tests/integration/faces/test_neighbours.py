"""One plugin's trouble is no other's: calls go on, and memory stays bounded."""

from __future__ import annotations

import time

from integration.faces.hostile_guests import MEMORY_BYTES_MAX, MIB
from integration.faces.http_server import HttpServer, read_answer
from integration.faces.processes import (
    forget_peak,
    peak_resident_bytes,
    resident_bytes,
    wait_for_work,
)
from integration.faces.stdio_server import StdioServer

PAGES = MEMORY_BYTES_MAX // 65_536
CALLS = 20
ANSWER_S_MAX = 1.0  # figures are the benchmark's; this tells an answer from a wait
OWN_BYTES_MAX = 32 * MIB  # what a host may hold on top of a guest's memory
MARGIN_BYTES = 16 * MIB  # allocators keep some


def test_others_are_answered_over_http_while_a_guest_computes(http: HttpServer) -> None:
    spinning = http.begin("long-loop.endless", {})
    try:
        wait_for_work(http.pid)
        for number in range(CALLS):
            began_s = time.monotonic()
            assert http.invoke("echo.echo", {"text": str(number)}).body == str(number)
            assert time.monotonic() - began_s < ANSWER_S_MAX
    finally:
        spinning.close()


def test_others_are_answered_over_mcp_while_a_guest_computes(stdio: StdioServer) -> None:
    spinning = stdio.begin("tools/call", {"name": "long-loop.endless", "arguments": {}})
    try:
        wait_for_work(stdio.pid)
        for number in range(CALLS):
            began_s = time.monotonic()
            result = stdio.call("echo.echo", {"text": str(number)})["result"]
            assert result["structuredContent"] == {"result": str(number)}
            assert time.monotonic() - began_s < ANSWER_S_MAX
        assert not stdio.has_answered(spinning)
    finally:
        stdio.notify("notifications/cancelled", {"requestId": spinning})


def test_more_computing_guests_than_cores_leave_others_answered(http: HttpServer) -> None:
    spinning = [http.begin("long-loop.endless", {}) for _ in range(8)]  # its concurrency_max
    try:
        wait_for_work(http.pid)
        assert http.invoke("echo.echo", {"text": "ada"}).body == "ada"
    finally:
        for connection in spinning:
            connection.close()


def test_a_caller_may_give_a_call_less_time_than_its_plugin_does(http: HttpServer) -> None:
    connection = http.connect()
    try:
        headers = {"content-type": "application/json", "x-innkeeper-deadline-ms": "100"}
        connection.request("POST", "/tools/long-loop.endless:invoke", "{}", headers)
        answer = read_answer(connection)
    finally:
        connection.close()
    assert answer.status == 504
    assert isinstance(answer.body, dict) and answer.body["code"] == "deadline_exceeded"


def test_a_memory_bomb_gets_its_limit_and_no_more_over_http(http: HttpServer) -> None:
    http.invoke("memory-fill.fill", {})  # what is made once is not the guest's
    before = resident_bytes(http.pid)
    forget_peak(http.pid)
    assert http.invoke("memory-fill.fill", {}).body == PAGES
    check_growth(peak_resident_bytes(http.pid) - before)


def test_a_memory_bomb_gets_its_limit_and_no_more_over_mcp(stdio: StdioServer) -> None:
    stdio.call("memory-fill.fill", {})
    before = resident_bytes(stdio.pid)
    forget_peak(stdio.pid)
    result = stdio.call("memory-fill.fill", {})["result"]
    assert result["structuredContent"] == {"result": PAGES}
    check_growth(peak_resident_bytes(stdio.pid) - before)


def check_growth(grown_bytes: int) -> None:
    """The guest had its memory, and the host little on top of it."""
    assert grown_bytes > MEMORY_BYTES_MAX // 2  # else nothing was measured
    assert grown_bytes <= MEMORY_BYTES_MAX + OWN_BYTES_MAX + MARGIN_BYTES


def test_a_large_output_is_not_kept(http: HttpServer) -> None:
    http.invoke("output.big", {"bytes": 100_000_000})
    before = resident_bytes(http.pid)
    for _ in range(3):
        http.invoke("output.big", {"bytes": 100_000_000})
    assert resident_bytes(http.pid) - before <= OWN_BYTES_MAX + MARGIN_BYTES
