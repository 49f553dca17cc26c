"""The page of interfaces says what the code does: commands, manifest keys, error codes."""

import re
import tomllib
from collections.abc import Iterator

import click
import msgspec
import pytest
from architecture.checkout import ROOT

from innkeeper.cli.tree import innkeeper as command_line
from innkeeper.engine.limits import Limits
from innkeeper.errors import CODES
from innkeeper.plugins.manifest import Build, Manifest, Reuse, parse_manifest

PAGE = (ROOT / "docs" / "reference" / "interfaces.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^    innkeeper ((?:[a-z-]+ )*[a-z-]+)(?: ([^#\n]*))?", re.MULTILINE)
CODE = re.compile(r"`(\w+)` (\d{3})\b")


def section(title: str) -> str:
    """The text under a heading of the page."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that is no group, with its path."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        elif not command.hidden:
            yield " ".join((*path, name)), command


DOCUMENTED = dict(COMMAND.findall(section("Commands")))
EXISTING = dict(commands(command_line))
MANIFEST = section("The manifest, `plugin.toml`").partition("```toml\n")[2].partition("```")[0]


def test_every_command_is_documented_and_no_other() -> None:
    assert set(DOCUMENTED) == set(EXISTING)


@pytest.mark.parametrize("path", EXISTING)
def test_every_option_of_a_command_is_documented_and_no_other(path: str) -> None:
    options = {
        name
        for parameter in EXISTING[path].params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for name in parameter.opts
        if name.startswith("--") and name != "--help"
    }
    assert set(re.findall(r"--[a-z-]+", DOCUMENTED.get(path, ""))) == options


@pytest.mark.parametrize("path", EXISTING)
def test_the_help_of_a_command_has_an_example(path: str) -> None:
    context = click.Context(EXISTING[path], info_name=f"innkeeper {path}")
    assert f"innkeeper {path}" in context.get_help().partition("\n")[2]


def test_every_manifest_key_is_documented_and_no_other() -> None:
    documented = tomllib.loads(MANIFEST)
    tables = {field.name: field for field in msgspec.structs.fields(Manifest)}
    assert documented.keys() == tables.keys()
    for name, table in documented.items():
        keys = table[0] if isinstance(table, list) else table
        assert keys.keys() == {f.name for f in msgspec.structs.fields(_struct(tables[name].type))}


def test_the_documented_manifest_is_accepted() -> None:
    manifest = parse_manifest(MANIFEST)
    assert (manifest.limits, manifest.reuse, manifest.build) == (Limits(), Reuse(), Build())


def test_every_error_code_is_documented_with_its_status() -> None:
    documented = {code: int(status) for code, status in CODE.findall(section("Errors"))}
    assert documented == {row.code: row.http for row in CODES.values()}


def _struct(annotation: object) -> type[msgspec.Struct]:
    """The struct itself, or the one that a tuple holds."""
    (found,) = getattr(annotation, "__args__", (annotation,))[:1]
    assert isinstance(found, type) and issubclass(found, msgspec.Struct)
    return found
