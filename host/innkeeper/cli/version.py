"""`innkeeper version`."""

from __future__ import annotations

import click
import msgspec

from innkeeper.cli.options import examples, json_option
from innkeeper.cli.text import json_text, say
from innkeeper.cli.versions import versions


@click.command(epilog=examples("innkeeper version", "innkeeper version --json"))
@json_option
def version(as_json: bool) -> int:
    """Print the versions of innkeeper, Python, the platform, wasmtime and the compiled core."""
    found = versions()
    lines = (f"{name:9}  {value}" for name, value in msgspec.structs.asdict(found).items())
    return say(json_text(found) if as_json else "\n".join(lines))
