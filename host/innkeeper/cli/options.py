"""Options that several commands share, and how a command shows an example of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])  # Any: a command's parameters are its own

state_option = click.option(
    "--state",
    metavar="DIR",
    help="Folder of the host's own files. [default: $XDG_STATE_HOME/innkeeper]",
)
plugin_option = click.option(
    "--plugin",
    "plugins",
    metavar="FILE",
    multiple=True,
    help="Load this component too; may be given again.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def examples(*lines: str) -> str:
    """An epilog that shows how the command is used, line by line as it stands."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
