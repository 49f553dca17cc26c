"""`innkeeper call`: a result as JSON, an error as a line and an exit code, and Ctrl-C."""

import signal
from pathlib import Path

import msgspec
import pytest
from guests import guest_file
from integration.cli.commands import Commands

from innkeeper.errors import CODES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the guests stand."""
    return tmp_path_factory.mktemp("guests")


def test_a_call_prints_the_result_as_json(commands: Commands) -> None:
    done = commands.run("call", "hello.greet", "name=Ada")
    assert (done.code, done.out, done.err) == (0, '"Hello, Ada!"\n', "")


def test_arguments_come_from_stdin_too(commands: Commands) -> None:
    done = commands.run("call", "hello.greet", "--json", "-", stdin=b'{"name": "Ada"}')
    assert (done.code, done.json()) == (0, "Hello, Ada!")


def test_a_bare_component_is_called_under_its_stem(commands: Commands, folder: Path) -> None:
    file = guest_file("echo", folder)
    done = commands.run("call", "echo.add", "a=1", "b=41", "--plugin", file)
    assert (done.code, done.json()) == (0, 42)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["hello.unheard-of"], "not_found"),
        (["hello.greet"], "validation_failed"),
        (["hello.greet", "age=5"], "validation_failed"),
        (["hello.greet", "--json", "{"], "validation_failed"),
        (["hello.greet", "name=a", "--plugin", "nowhere.wasm"], "not_found"),
        (["hello.describe", "text="], "tool_error"),
    ],
    ids=" ".join,
)
def test_an_error_is_a_line_on_stderr_and_the_exit_code_of_the_table(
    commands: Commands, arguments: list[str], code: str
) -> None:
    done = commands.run("call", *arguments)
    assert (done.code, done.out) == (CODES[code].exit, "")
    assert done.err.startswith(f"{code}: ")
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("guest", "function", "code"),
    [
        ("loop", "endless", "deadline_exceeded"),
        ("recursion", "dive", "trap"),
        ("aliases", "many", "output_too_large"),
        ("core-module", "f", "component_invalid"),
        ("wants-wasi", "f", "import_unsatisfied"),
        ("wants-wasi-03", "f", "component_unsupported"),
    ],
)
def test_a_hostile_guest_gets_its_code(
    commands: Commands, folder: Path, guest: str, function: str, code: str
) -> None:
    file = guest_file(guest, folder)
    done = commands.run(
        "call", f"{guest}.{function}", "--plugin", file, "--deadline", "1", "--json-errors"
    )
    assert done.code == CODES[code].exit
    assert msgspec.json.decode(done.err)["code"] == code


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_guest_and_the_command(
    commands: Commands, folder: Path, sent: signal.Signals
) -> None:
    file = guest_file("loop", folder)
    with commands.running("call", "loop.endless", "--plugin", file) as command:
        command.wait_until_it_computes()
        done = command.finish(sent)
    assert (done.code, done.err) == (CODES["cancelled"].exit, f"cancelled: by {sent.name}\n")


def test_a_settings_file_that_is_broken_stops_the_start(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    (tmp_path / "config" / "innkeeper").mkdir(parents=True)
    (tmp_path / "config" / "innkeeper" / "config.toml").write_text("wrokers = 3")
    done = commands.run("call", "hello.greet", "name=Ada")
    assert done.code == CODES["validation_failed"].exit
    assert "'wrokers' is not one of" in done.err


def test_a_state_that_cannot_be_used_is_unavailable(commands: Commands) -> None:
    done = commands.run("call", "hello.greet", "name=Ada", INNKEEPER_STATE="/proc/here")
    assert done.code == CODES["unavailable"].exit
    assert done.err.startswith("unavailable: the state /proc/here cannot be used")


def test_each_call_is_a_line_of_the_log_of_calls(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    commands.run("call", "hello.greet", "name=Ada")
    commands.run("call", "hello.greet", "name=Ada", INNKEEPER_CALL_LOG="false")
    (log,) = tmp_path.glob("state/innkeeper/calls.jsonl")
    (line,) = log.read_text().splitlines()
    assert msgspec.json.decode(line)["tool"] == "hello.greet"
