"""The log of calls: a line a call, whatever happens to its file."""

from __future__ import annotations

import json
import logging
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from innkeeper.calls import journal as module
from innkeeper.calls.journal import CallLog
from innkeeper.calls.path import CallRecord


def record(number: int = 0, tool: str = "x.f") -> CallRecord:
    return CallRecord(1_700_000_000.5, tool, "1.2.0", "local", "ok", number)


def lines(path: Path) -> list[dict[str, object]]:
    return (
        [json.loads(line) for line in path.read_text().split("\n") if line] if path.exists() else []
    )


def numbers(path: Path) -> list[object]:
    return [line["elapsed_us"] for line in lines(path) if "elapsed_us" in line]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


@pytest.fixture
def log(path: Path) -> CallLog:
    return CallLog(path)


def test_a_call_is_one_line_of_json(log: CallLog, path: Path) -> None:
    log.publish(record(7))
    log.close()
    assert lines(path) == [
        {
            "at": 1_700_000_000.5,
            "tool": "x.f",
            "version": "1.2.0",
            "principal": "local",
            "code": "ok",
            "elapsed_us": 7,
        }
    ]


def test_a_text_with_line_ends_is_still_one_line(log: CallLog, path: Path) -> None:
    log.publish(record(1, "x\n{}\r\u2028\x1b[31m"))
    log.publish(record(2))
    log.close()
    assert numbers(path) == [1, 2]
    assert path.read_bytes().count(b"\n") == 2
    assert b"\x1b" not in path.read_bytes()


def test_only_this_user_may_read_the_log(log: CallLog, path: Path) -> None:
    log.publish(record())
    log.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_calls_make_no_file(log: CallLog, path: Path) -> None:
    log.close()
    assert not path.exists()


def test_a_log_goes_on_where_an_earlier_one_ended(log: CallLog, path: Path) -> None:
    for number in range(3):
        log = CallLog(path)
        log.publish(record(number))
        log.close()
    assert numbers(path) == [0, 1, 2]


# While it runs.


async def test_calls_are_written_soon(log: CallLog, path: Path, autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(log.run)
        await wait_all_tasks_blocked()
        for number in range(3):
            log.publish(record(number))
            await trio.sleep(2 * module.WRITE_EVERY_S)
            with trio.fail_after(100):
                while numbers(path) != list(range(number + 1)):  # noqa: ASYNC110 - a thread writes
                    await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


async def test_a_log_with_nothing_to_write_sleeps(log: CallLog, autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(log.run)
        await trio.sleep(3600)
        assert autojump_clock.current_time() == pytest.approx(3600)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("after_s", [0, module.WRITE_EVERY_S / 2, module.WRITE_EVERY_S])
async def test_nothing_is_lost_when_the_writer_is_cancelled(
    log: CallLog, path: Path, autojump_clock: MockClock, after_s: float
) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(log.run)
        await wait_all_tasks_blocked()
        log.publish(record(1))
        await trio.sleep(after_s)  # at the last, both wake in one moment
        nursery.cancel_scope.cancel()
    log.close()
    assert numbers(path) == [1]


async def test_nothing_is_lost_when_the_writer_is_cancelled_as_it_begins_to_write(
    log: CallLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WRITE_EVERY_S", 0)
    take = log._take
    async with trio.open_nursery() as nursery:

        def take_and_cancel() -> list[object]:
            nursery.cancel_scope.cancel()
            return take()

        monkeypatch.setattr(log, "_take", take_and_cancel)
        nursery.start_soon(log.run)
        await wait_all_tasks_blocked()
        log.publish(record(1))
    monkeypatch.undo()
    log.close()
    assert numbers(path) == [1]


def test_a_call_that_ends_after_the_log_was_closed_is_written(log: CallLog, path: Path) -> None:
    log.publish(record(1))
    log.close()
    log.publish(record(2))
    assert numbers(path) == [1, 2]


# Too many, too large.


def test_calls_beyond_what_is_kept_waiting_are_counted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PENDING_MAX", 10)
    log = CallLog(path)
    for number in range(25):
        log.publish(record(number))
    log.close()
    assert lines(path)[0] == {"lost": 15}
    assert numbers(path) == list(range(15, 25))


def test_a_file_over_its_size_is_turned_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_BYTES_MAX", 1000)
    log = CallLog(path)
    for number in range(100):
        log.publish(record(number))
        log._write(log._take())
    log.close()
    found = sorted(file.name for file in path.parent.iterdir())
    kept = ["calls.jsonl", *(f"calls.jsonl.{n}" for n in range(1, module.FILES_KEPT + 1))]
    assert set(found) <= set(kept)
    assert set(kept[1:]) <= set(found)
    assert all(file.stat().st_size < 1200 for file in path.parent.iterdir())
    seen = [number for name in reversed(kept) for number in numbers(path.with_name(name))]
    assert seen == list(range(100))[-len(seen) :]


OTHER = """
import sys
from pathlib import Path
from innkeeper.calls import journal
from innkeeper.calls.path import CallRecord
journal.FILE_BYTES_MAX = int(sys.argv[3])
log = journal.CallLog(Path(sys.argv[1]))
for number in range(200):
    log.publish(CallRecord(0.0, "x.f", "1", sys.argv[2], "ok", number))
    log._write(log._take())
"""


def test_two_processes_write_one_log(path: Path) -> None:
    names = ["a", "b"]
    started = [
        subprocess.Popen([sys.executable, "-c", OTHER, path, name, str(1 << 20)]) for name in names
    ]
    assert [process.wait(timeout=60) for process in started] == [0, 0]
    for name in names:
        mine = [line["elapsed_us"] for line in lines(path) if line["principal"] == name]
        assert mine == list(range(200))


def test_two_processes_turn_one_log_over_without_turning_it_twice(path: Path) -> None:
    started = [subprocess.Popen([sys.executable, "-c", OTHER, path, name, "5000"]) for name in "ab"]
    assert [process.wait(timeout=60) for process in started] == [0, 0]
    sizes = [
        path.with_name(f"calls.jsonl.{n}").stat().st_size for n in range(1, module.FILES_KEPT + 1)
    ]
    assert all(5000 < size < 5200 for size in sizes)


# A disk that fails.


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_records_with_a_warning_and_half_a_line_of_none(
    log: CallLog, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log.publish(record(1))
    log._write(log._take())
    log.publish(record(2))
    with caplog.at_level(logging.WARNING), largest_file(path.stat().st_size + 10):
        log._write(log._take())
    log.publish(record(3))
    log.close()
    assert "1 records of calls are lost" in caplog.text
    assert numbers(path) == [1, 3]


def test_a_folder_that_is_gone_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = CallLog(tmp_path / "gone" / "calls.jsonl")
    log.publish(record())
    with caplog.at_level(logging.WARNING):
        log.close()
    assert "No such file" in caplog.text
