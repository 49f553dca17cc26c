"""`innkeeper call`."""

from __future__ import annotations

import sys
from functools import partial

import click
import msgspec

from innkeeper.cli.arguments import read_arguments, read_object
from innkeeper.cli.composition import Place, load_for, opened_host
from innkeeper.cli.options import examples, plugin_option
from innkeeper.cli.running import print_result
from innkeeper.cli.text import json_text


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The call, as it was asked for."""

    tool: str
    pairs: tuple[str, ...]
    json_object: str | None
    deadline_s: float | None


@click.command(
    epilog=examples(
        "innkeeper call hello.greet name=Ada",
        'innkeeper call hello.greet --json \'{"name": "Ada"}\'',
        "innkeeper call notes.add count=3 tags='[\"a\"]' --plugin notes.wasm --deadline 2",
    ),
)
@click.argument("tool")
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--json", "json_object", metavar="OBJECT", help="Arguments as JSON; - reads stdin.")
@plugin_option
@click.option(
    "--deadline",
    "deadline_s",
    metavar="S",
    type=click.FloatRange(min=0, max=86_400, min_open=True),
    help="Seconds the call may take, waiting included.",
)
@click.option("--json-errors", is_flag=True, help="Print an error as JSON problem details.")
def call(
    tool: str,
    pairs: tuple[str, ...],
    json_object: str | None,
    plugins: tuple[str, ...],
    deadline_s: float | None,
    json_errors: bool,
) -> int:
    """Call TOOL, by its id or MCP name, and print the result as JSON.

    A VALUE is text where the tool wants a string, else JSON. Pairs win over --json.
    """
    if json_object == "-":  # read before Trio runs: a blocked read would hold off Ctrl-C
        json_object = read_object(sys.stdin.buffer)
    request = Request(tool=tool, pairs=pairs, json_object=json_object, deadline_s=deadline_s)
    work = partial(_call, Place(plugins=plugins), request)
    return print_result(work, json_errors=json_errors)


async def _call(place: Place, request: Request) -> str:
    async with opened_host(place.settings()) as host:
        await load_for(host, request.tool, place)
        schema = host.tool(request.tool).input_schema
        arguments = read_arguments(request.pairs, request.json_object, schema=schema)
        result = await host.call_json(request.tool, arguments, deadline_s=request.deadline_s)
    return json_text(result)
