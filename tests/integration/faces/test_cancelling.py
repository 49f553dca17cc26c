"""A call that nobody waits for any more ends: its process falls silent."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from integration.faces.commands import INNKEEPER, environment, started
from integration.faces.http_server import HttpServer
from integration.faces.processes import (
    PATIENCE_S,
    cpu_in_next_second_s,
    has_ended,
    tree,
    tree_cpu_s,
    wait_for_work,
)
from integration.faces.stdio_server import StdioServer, serving_stdio

from innkeeper.errors import CODES

CPU_S_MAX = 0.1  # 50 ms is the aim; what /proc counts is rounded, and tickers run out


def test_a_client_that_disconnects_over_http_ends_its_call(http: HttpServer) -> None:
    connection = http.begin("long-loop.endless", {})
    wait_for_work(http.pid)
    connection.close()
    assert cpu_in_next_second_s(http.pid) < CPU_S_MAX
    assert http.invoke("echo.echo", {"text": "ada"}).body == "ada"


def test_a_call_cancelled_over_mcp_ends_without_an_answer(stdio: StdioServer) -> None:
    request_id = stdio.begin("tools/call", {"name": "long-loop.endless", "arguments": {}})
    wait_for_work(stdio.pid)
    stdio.notify("notifications/cancelled", {"requestId": request_id, "reason": "enough"})
    assert cpu_in_next_second_s(stdio.pid) < CPU_S_MAX
    assert not stdio.has_answered(request_id)


def test_a_call_past_its_deadline_leaves_the_server_silent(http: HttpServer) -> None:
    assert http.invoke("loop.endless", {}).status == CODES["deadline_exceeded"].http
    assert cpu_in_next_second_s(http.pid) < CPU_S_MAX


def test_ctrl_c_ends_a_call_on_the_command_line(plugin_files: dict[str, Path], state: Path) -> None:
    command = [INNKEEPER, "call", "long-loop.endless", "--plugin", str(plugin_files["long-loop"])]
    with started(command, stderr=subprocess.PIPE, env=environment(state)) as process:
        wait_for_work(process.pid, cpu_used_s=1.0)  # beyond its start
        members = tree(process.pid)
        before_s = tree_cpu_s(process.pid)
        process.send_signal(signal.SIGINT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.stderr is not None
        assert process.stderr.read().decode() == "cancelled: by SIGINT\n"
    assert process.returncode == CODES["cancelled"].exit == 130
    assert used.ru_utime + used.ru_stime - before_s < CPU_S_MAX
    assert all(map(has_ended, members))


def test_a_client_that_closes_its_end_stops_an_mcp_server_that_computes(
    plugin_files: dict[str, Path], tmp_path: Path
) -> None:
    with serving_stdio([plugin_files["long-loop"]], tmp_path) as server:
        server.begin("tools/call", {"name": "long-loop.endless", "arguments": {}})
        wait_for_work(server.pid)
        assert server.process.stdin is not None
        server.process.stdin.close()
        began_s = time.monotonic()
        assert server.process.wait(PATIENCE_S) == 0
    assert time.monotonic() - began_s < PATIENCE_S / 4


def test_sigterm_ends_a_server_that_is_idle(state: Path) -> None:
    command = [INNKEEPER, "serve", "--bind", "127.0.0.1:0"]
    with started(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(state)
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"Innkeeper serves HTTP at ")
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
