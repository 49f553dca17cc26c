"""Writes the reference pages that the code can print: `make docs`.

With `--check` nothing is written: pages that are not what the code prints are named, and the exit
code is 1.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click
import msgspec

import innkeeper.errors
from innkeeper.cli.tree import innkeeper as command_line
from innkeeper.errors import CODES, Code
from innkeeper.settings import ENVIRONMENT_PREFIX, Settings, default_state

REFERENCE: Final = Path(__file__).parent / "reference"
HELP_WIDTH: Final = 96
HEADER: Final = "<!-- Printed from the code by `make docs`: change the code, not this page. -->\n\n"


def errors_page() -> str:
    """The one table of errors, and the tree of classes."""
    tree = inspect.cleandoc(innkeeper.errors.__doc__ or "").partition("::\n\n")[2]
    drawing = tree.partition("\n\n")[0]
    return f"""{HEADER}# Errors

The code says what happened. The class says who must act:

{drawing}

A code means the same on every face: an HTTP status with problem details, an exit code, and in
MCP either a tool result with `isError` (shown as -) or a JSON-RPC error. Retryable says that the
same call may succeed later.

| code | who must act | HTTP | MCP | exit | retryable |
|---|---|---|---|---|---|
{_lines(map(_error_row, CODES.values()))}"""


def _error_row(row: Code) -> str:
    mcp = "-" if row.mcp is None else row.mcp
    retryable = "yes" if row.retryable else "no"
    return f"| `{row.code}` | {row.who} | {row.http} | {mcp} | {row.exit} | {retryable} |"


def settings_page() -> str:
    """Every setting: its key, variable, type and default."""
    told = inspect.cleandoc(Settings.__doc__ or "").partition("\n\n")[2].partition("\n\nRaises")[0]
    known = {field.name: field for field in msgspec.structs.fields(Settings)}
    shown = [field for field in _struct_type(Settings).fields if field.name != "origins"]
    rows = (_setting_row(field, known[field.name]) for field in shown)
    return f"""{HEADER}# Settings

A flag wins over the environment, that over the file `$XDG_CONFIG_HOME/innkeeper/config.toml`
(`~/.config` where it is unset), that over the default. A value that does not fit, or a key of the
file that is not known, stops the start. In the environment, several values of a list are set apart
by commas.

{told}

| key in `config.toml` | variable | value | default |
|---|---|---|---|
{_lines(rows)}"""


def _struct_type(struct: type[msgspec.Struct]) -> msgspec.inspect.StructType:
    found = msgspec.inspect.type_info(struct)
    assert isinstance(found, msgspec.inspect.StructType)
    return found


def _setting_row(field: msgspec.inspect.Field, known: msgspec.structs.FieldInfo) -> str:
    variable = ENVIRONMENT_PREFIX + field.name.upper()
    value, default = _value_text(field.type), _default_text(known)
    return f"| `{field.name}` | `{variable}` | {value} | {default} |"


def _value_text(kind: msgspec.inspect.Type) -> str:
    match kind:
        case msgspec.inspect.IntType(ge=least, le=most):
            return f"integer, {least} to {most}"
        case msgspec.inspect.LiteralType(values=values):
            return ", ".join(map(str, values))
        case msgspec.inspect.BoolType():
            return "true, false"
        case msgspec.inspect.VarTupleType():
            return "list of texts"
        case msgspec.inspect.StrType():
            return "text"
        case _:
            return "path"


def _default_text(known: msgspec.structs.FieldInfo) -> str:
    """The default; where it depends on the machine, what it is, in the words of what finds it."""
    if known.default_factory is default_state:
        return f"`{default_state({'XDG_STATE_HOME': '/X'})}`".replace("/X", "$XDG_STATE_HOME")
    if known.default is msgspec.NODEFAULT:
        words = inspect.cleandoc(known.default_factory.__doc__ or "").split(".")[0].split(",")[0]
        return words[:1].lower() + words[1:]
    return f"`{msgspec.json.encode(known.default).decode()}`"


def cli_page() -> str:
    """The help of every command, as `--help` prints it."""
    sections = (
        f"## {path}\n\n```text\n{help_text}\n```\n" for path, help_text in _helps(command_line)
    )
    return f"{HEADER}# Command line\n\n" + "\n".join(sections)


def _helps(
    command: click.Command, parent: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    name = command.name if parent else "innkeeper"
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=HELP_WIDTH,
        max_content_width=HELP_WIDTH,
        **command.context_settings,
    )
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None and not found.hidden:
                yield from _helps(found, context)


def _lines(rows: Iterator[str]) -> str:
    return "".join(f"{row}\n" for row in rows)


PAGES: Final[dict[str, Callable[[], str]]] = {
    "cli.md": cli_page,
    "errors.md": errors_page,
    "settings.md": settings_page,
}


def stale_pages() -> list[str]:
    """The names of pages that are not what the code prints."""
    return [name for name, page in PAGES.items() if _written(name) != page()]


def _written(name: str) -> str | None:
    path = REFERENCE / name
    return path.read_text(encoding="utf-8") if path.exists() else None


def main(arguments: list[str]) -> int:
    """Write the pages, or compare them; the exit code."""
    if arguments != ["--check"]:
        for name, page in PAGES.items():
            (REFERENCE / name).write_text(page(), encoding="utf-8")
        return 0
    stale = stale_pages()
    for name in stale:
        print(f"docs/reference/{name} is not what the code prints: run `make docs`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
