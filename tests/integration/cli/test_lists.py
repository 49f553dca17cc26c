"""The commands that print: `tools`, `plugin show`, `version`, each for people and as JSON."""

from pathlib import Path
from typing import Any

import pytest
from guests import guest, guest_file
from integration.cli.commands import Commands

from innkeeper.contracts.sections import custom_section
from innkeeper.errors import CODES
from innkeeper.plugins.manifest import SECTION


def shown(commands: Commands, file: Path) -> Any:
    """What `plugin show --json` says of a file."""
    done = commands.run("plugin", "show", file, "--json")
    assert (done.code, done.err) == (0, "")
    return done.json()


def test_the_tools_are_listed_as_a_table(commands: Commands) -> None:
    done = commands.run("tools")
    header, *rows = done.out.splitlines()
    assert header.split() == ["TOOL", "VERSION", "EFFECTS", "STABILITY", "DESCRIPTION"]
    assert "hello.greet" in [row.split()[0] for row in rows]


def test_the_tools_are_listed_as_json(commands: Commands, tmp_path: Path) -> None:
    done = commands.run("tools", "--json", "--plugin", guest_file("echo", tmp_path))
    tools = done.json()
    assert isinstance(tools, list)
    echo = next(tool for tool in tools if tool["id"] == "echo.echo")
    assert echo["input_schema"]["required"] == ["text"]
    assert (echo["version"], echo["side_effects"]) == ("0.0.0", "external")


def test_a_plugin_that_does_not_load_fails_the_list(commands: Commands, tmp_path: Path) -> None:
    done = commands.run("tools", "--plugin", guest_file("wants-wasi", tmp_path))
    assert (done.code, done.out) == (CODES["import_unsatisfied"].exit, "")
    assert "  remedy: `innkeeper plugin show FILE`" in done.err


def test_a_bare_component_is_shown_with_the_defaults(commands: Commands, tmp_path: Path) -> None:
    found = shown(commands, guest_file("echo", tmp_path))
    assert (found["loads"], found["is_embedded"], found["imports"]) == (True, False, [])
    assert found["manifest"]["plugin"]["name"] == "echo"
    assert found["size_bytes"] == len(guest("echo"))
    assert "echo.echo" in [tool["id"] for tool in found["tools"]]


def test_imports_that_nobody_serves_are_shown(commands: Commands, tmp_path: Path) -> None:
    found = shown(commands, guest_file("wants-wasi", tmp_path))
    assert found["unsatisfied"] == [
        "wasi:cli/environment@0.2.0#get-environment",
        "wasi:clocks/monotonic-clock@0.2.0#now",
    ]
    assert (found["loads"], found["refusal"]["code"]) == (False, "import_unsatisfied")


def test_a_manifest_that_is_wrong_is_shown_with_the_reason(
    commands: Commands, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.wasm"
    file.write_bytes(guest("echo") + custom_section(SECTION, b'[plugin]\nname = "Echo"'))
    found = shown(commands, file)
    assert (found["loads"], found["manifest"]) == (False, None)
    assert found["refusal"]["code"] == "manifest_invalid"
    assert found["refusal"]["message"].startswith("wrong.wasm: plugin.toml: ")
    assert found["exports"] == ["add", "echo", "nothing"]


def test_a_type_that_is_not_supported_is_shown(commands: Commands, tmp_path: Path) -> None:
    found = shown(commands, guest_file("streams", tmp_path))
    assert (found["loads"], found["refusal"]["code"]) == (False, "component_unsupported")


@pytest.mark.parametrize("name", ["echo", "wants-wasi", "wants-wasi-03", "streams"])
def test_for_a_person_the_last_line_says_whether_it_loads(
    commands: Commands, tmp_path: Path, name: str
) -> None:
    done = commands.run("plugin", "show", guest_file(name, tmp_path))
    assert done.code == 0
    last = done.out.splitlines()[-1]
    assert last.startswith("loads    " + ("yes" if name == "echo" else "no: "))


@pytest.mark.parametrize("content", [b"", b"garbage", guest("echo")[:-7], guest("core-module")])
def test_what_is_no_component_is_not_shown(
    commands: Commands, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "x.wasm"
    file.write_bytes(content)
    done = commands.run("plugin", "show", file)
    assert (done.code, done.out) == (CODES["component_invalid"].exit, "")
    assert done.err.startswith("component_invalid: x")


def test_a_file_that_is_not_there_is_not_found(commands: Commands) -> None:
    assert commands.run("plugin", "show", "nowhere.wasm").code == CODES["not_found"].exit


def test_the_versions_are_printed_both_ways(commands: Commands) -> None:
    as_json = commands.run("version", "--json").json()
    assert isinstance(as_json, dict)
    as_text = commands.run("version").out
    assert list(as_json) == ["innkeeper", "python", "platform", "wasmtime", "core"]
    assert all(f"{name:9}  {value}" in as_text for name, value in as_json.items())


def test_a_reader_who_has_enough_is_no_error(commands: Commands) -> None:
    with commands.running("tools", "--json") as command:
        command.close_output()
        done = command.finish()
    assert (done.code, done.err) == (141, "")
