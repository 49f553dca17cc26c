"""`innkeeper plugin show`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
import msgspec

from innkeeper.cli.composition import Place, ProgressLine
from innkeeper.cli.inspection import Inspection, Refusal, inspect
from innkeeper.cli.options import examples, json_option
from innkeeper.cli.running import print_result
from innkeeper.cli.text import first_line, json_line, json_text, plain
from innkeeper.engine.compiler import Compiler
from innkeeper.engine.engines import Engines
from innkeeper.engine.images import Images
from innkeeper.errors import HostError
from innkeeper.plugins.manifest import Manifest
from innkeeper.plugins.registry import Tool


@click.command(epilog=examples("innkeeper plugin show notes.wasm --json"))
@click.argument("file")
@json_option
def show(file: str, as_json: bool) -> int:
    """Show what the component in FILE is, asks for and offers, and whether it would load.

    Nothing of it runs. The exit code is 0 also where it would not load: that is an answer.
    """
    return print_result(partial(_show, Path(file), as_json=as_json))


async def _show(path: Path, *, as_json: bool) -> str:
    settings = Place().settings()
    compiler = Compiler(_images(settings.state), engines=Engines(settings.pool_instances))
    progress = ProgressLine()
    try:
        found = await inspect(
            path,
            compiler,
            component_bytes_max=settings.component_bytes_max,
            progress=progress.show,
        )
    finally:
        progress.end()
    return json_text(found) if as_json else _text(found)


def _images(state: Path) -> Images | None:
    """The cache of compiled images; without one that can be used, it is compiled for this alone."""
    try:
        return Images(state / "images")
    except (OSError, HostError):
        return None


def _text(found: Inspection) -> str:
    sections = [
        _head(found),
        _list("imports", [_import(name, found) for name in found.imports]),
        _list("exports", found.exports),
        *([] if found.manifest is None else [_asks(found.manifest)]),
        *(_tool(tool) for tool in found.tools),
        "loads    yes" if found.refusal is None else _refusal(found.refusal),
    ]
    return "\n\n".join(sections)


def _head(found: Inspection) -> str:
    lines = [
        f"file     {plain(found.path)}",
        f"size     {found.size_bytes:,} bytes",
        f"sha256   {found.digest}",
    ]
    if found.manifest is None:
        return "\n".join([*lines, "manifest refused"])
    about = found.manifest.plugin
    whose = "its own" if found.is_embedded else "none: named after its file, with the defaults"
    lines += [f"manifest {whose}", f"plugin   {about.name} {about.version} ({about.kind})"]
    more = {"about": about.description, "licence": about.licence, "world": about.world}
    return "\n".join(lines + [f"{key:8} {first_line(text)}" for key, text in more.items() if text])


def _asks(manifest: Manifest) -> str:
    limits = msgspec.structs.asdict(manifest.limits)
    lines = [f"reuse    {manifest.reuse.instance}", "limits"]
    lines += [f"  {key} = {value}" for key, value in limits.items()]
    wanted = [f"{ask.name} {ask.scope}".strip() for ask in manifest.capability]
    return "\n".join([*lines, _list("capabilities", wanted)])


def _tool(tool: Tool) -> str:
    lines = [f"tool     {plain(tool.id)}" + (f" ({tool.name})" if tool.name != tool.id else "")]
    if tool.description:
        lines.append(f"  about     {first_line(tool.description)}")
    lines.append(f"  effects   {tool.side_effects}, {tool.stability}")
    schemas = {"input": tool.input_schema, "output": tool.output_schema, "error": tool.error_schema}
    lines += [
        f"  {key:9} {json_line(value)}" for key, value in schemas.items() if value is not None
    ]
    return "\n".join(lines)


def _import(name: str, found: Inspection) -> str:
    return f"{name}  (nobody serves it)" if name in found.unsatisfied else name


def _refusal(refusal: Refusal) -> str:
    return f"loads    no: {refusal.code}: {first_line(refusal.message)}"


def _list(title: str, names: list[str]) -> str:
    if not names:
        return f"{title:8} none"
    return "\n".join([title, *(f"  {plain(name)}" for name in names)])
