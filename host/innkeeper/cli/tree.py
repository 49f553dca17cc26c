"""The command tree. A command's module is imported when it is run, or asked for help."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click
import msgspec

from innkeeper.cli.options import examples


class Lazy(msgspec.Struct, frozen=True):
    """A command in a module, and the line that lists it."""

    module: str
    attribute: str
    summary: str


class LazyGroup(click.Group):
    """A group that imports a command when it is needed."""

    def __init__(self, *, lazy: Mapping[str, Lazy], **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]  # click's own, passed on
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        found = self._lazy.get(cmd_name)
        if found is None:
            return None
        command = getattr(import_module(found.module), found.attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self._lazy.items()])


PLUGIN_COMMANDS: Final = {
    "show": Lazy("innkeeper.cli.plugin_show", "show", "What a component is, asks for and offers."),
}
MCP_COMMANDS: Final = {
    "serve": Lazy("innkeeper.cli.mcp_serve", "serve", "Serve the tools over MCP on stdio."),
}


@click.group(
    cls=LazyGroup,
    lazy=MCP_COMMANDS,
    epilog=examples("innkeeper mcp serve --plugin notes.wasm"),
)
def mcp() -> None:
    """Model Context Protocol."""


@click.group(
    cls=LazyGroup,
    lazy=PLUGIN_COMMANDS,
    epilog=examples("innkeeper plugin show notes.wasm"),
)
def plugin() -> None:
    """Components and their manifests."""


COMMANDS: Final = {
    "serve": Lazy("innkeeper.cli.serve", "serve", "Serve the tools over HTTP."),
    "mcp": Lazy("innkeeper.cli.tree", "mcp", "Model Context Protocol."),
    "call": Lazy("innkeeper.cli.call", "call", "Call a tool and print its result."),
    "tools": Lazy("innkeeper.cli.tools", "tools", "List the tools."),
    "plugin": Lazy("innkeeper.cli.tree", "plugin", "Components and their manifests."),
    "bench": Lazy("innkeeper.cli.bench", "bench", "Run a benchmark of a checkout."),
    "version": Lazy("innkeeper.cli.version", "version", "Print the versions."),
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples("innkeeper call hello.greet name=Ada", "innkeeper serve --plugin notes.wasm"),
)
def innkeeper() -> None:
    """An open, local-first agent runtime: tools as WASI components."""


def run_command(arguments: list[str], *, usage_exit: int) -> int:
    """Run the command that the arguments name; `usage_exit` is for arguments that name none."""
    try:
        code = innkeeper.main(arguments, prog_name="innkeeper", standalone_mode=False)
    except click.UsageError as error:
        error.show(sys.stderr)
        return usage_exit
    return code if isinstance(code, int) else 0
