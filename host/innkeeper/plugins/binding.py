"""From a program's exports to tools: which functions are tools, their ids, schemas and codecs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from innkeeper.contracts.decode import decode_arguments
from innkeeper.contracts.encode import encode_result
from innkeeper.contracts.package_docs import PackageDocs
from innkeeper.contracts.schema import (
    arguments_schema,
    error_schema,
    output_schema,
    structured_is_object,
    structured_schema,
)
from innkeeper.contracts.wit_types import result_type
from innkeeper.engine.pool import InstancePool
from innkeeper.engine.program import Name, exported_functions
from innkeeper.errors import ContractError, ManifestError
from innkeeper.plugins.manifest import Manifest, ToolEntry
from innkeeper.plugins.registry import Tool
from innkeeper_core.values import FunctionType, Type
from innkeeper_core.world import Items

# What toolchains leave behind among the exports: componentize-py and componentize-qjs.
LEFTOVER_FUNCTIONS: Final = {"init"}
LEFTOVER_INTERFACES: Final = {"exports"}
FOREIGN_PREFIXES: Final = ("wasi:", "innkeeper:")
NAMES_LISTED_MAX: Final = 50  # in one message


class BoundTool:
    """A tool with what it takes to call it.

    `decode` turns an arguments object into plain data; `encode` and `encode_error` make results
    JSON-ready (None where they already are); `fails` says that the WIT type is a `result`.
    """

    __slots__ = ("decode", "encode", "encode_error", "fails", "function", "pool", "tool")

    def __init__(self, tool: Tool, function: Name, type_: FunctionType, pool: InstancePool) -> None:
        result = type_.result
        self.tool = tool
        self.function = function
        self.pool = pool
        self.decode: Callable[[Mapping[str, object]], tuple[object, ...]] = decode_arguments(type_)
        self.encode: Callable[[Any], object] | None = encode_result(result_type(type_))
        self.fails = result is not None and result.kind == "result"
        self.encode_error: Callable[[Any], object] | None = (
            encode_result(result.types[1]) if result is not None and self.fails else None
        )


def bind_tools(
    manifest: Manifest, exports: Items, *, pool: InstancePool, docs: PackageDocs
) -> list[BoundTool]:
    """Every tool of a component.

    Raises ContractError (component_unsupported) where a function has a type this host cannot carry,
    ManifestError where the manifest describes a function that is not exported.
    """
    _refuse_unsupported(manifest.plugin.name, exports)
    functions = {
        name: type_ for name, type_ in exported_functions(exports).items() if _is_tool(name, type_)
    }
    entries = _entries(manifest, functions)
    ids = _ids(manifest.plugin.name, functions)
    bound = []
    for name, type_ in functions.items():
        try:
            tool = _tool(manifest, ids[name], name, type_, entries.get(name), docs)
            bound.append(BoundTool(tool, name, type_, pool))
        except ContractError as error:  # it says what is wrong with a type, not whose
            raise ContractError(f"{ids[name]}: {error}", code=error.code) from error
    return bound


def _tool(
    manifest: Manifest,
    tool_id: str,
    name: Name,
    type_: FunctionType,
    entry: ToolEntry | None,
    docs: PackageDocs,
) -> Tool:
    function = _written(name)
    stated = entry or ToolEntry(function=function)
    result = result_type(type_)
    return Tool(
        id=tool_id,
        name=stated.name or tool_id,
        plugin=manifest.plugin.name,
        version=manifest.plugin.version,
        function=function,
        title=stated.title or name[1].replace("-", " ").capitalize(),
        description=stated.description or docs.function_text(function) or "",
        input_schema=arguments_schema(type_, docs),
        output_schema=output_schema(type_, docs),
        structured_schema=structured_schema(result, docs),
        wraps_result=not structured_is_object(result),
        side_effects=stated.side_effects,
        deterministic=stated.deterministic,
        stability=stated.stability,
        error_schema=error_schema(type_, docs),
    )


def _is_tool(name: Name, type_: FunctionType) -> bool:
    interface, function = name
    if interface is None:
        if function in LEFTOVER_FUNCTIONS:
            return False
    elif interface in LEFTOVER_INTERFACES or interface.startswith(FOREIGN_PREFIXES):
        return False
    types = [t for _, t in type_.params]
    if type_.result is not None:
        types.append(type_.result)
    return not function.startswith("[") and not any(map(_has_handle, types))


def _has_handle(type_: Type | None) -> bool:
    return type_ is not None and (
        type_.kind in ("own", "borrow") or any(map(_has_handle, type_.types))
    )


def _refuse_unsupported(subject: str, exports: Items) -> None:
    scopes: list[tuple[str | None, Items]] = [(None, exports)]
    scopes += [
        (name, items)
        for name, items in exports.interfaces.items()
        if not name.startswith(FOREIGN_PREFIXES)
    ]
    for interface, items in scopes:
        for function, reason in items.unsupported.items():
            raise ContractError(
                f"{subject}: the export {_written((interface, function))}: {reason}",
                code="component_unsupported",
            )


def _entries(manifest: Manifest, functions: Iterable[Name]) -> dict[Name, ToolEntry]:
    """The manifest's entries by the function each describes.

    A bare name is that of the function at the root, else of the one interface that has it.
    """
    by_text: dict[str, set[Name]] = {}
    for name in functions:
        by_text.setdefault(name[1], set()).add(name)
    for name in functions:
        by_text[_written(name)] = {name}
    found: dict[Name, ToolEntry] = {}
    for entry in manifest.tool:
        names = by_text.get(entry.function, set())
        where = f"plugin.toml: tool.function = {entry.function!r}"
        if not names:
            raise ManifestError(
                f"{where}: the component exports no such tool; it exports {_listed(by_text)}"
            )
        if len(names) > 1 or not found.keys().isdisjoint(names):
            raise ManifestError(
                f"{where}: is not the one entry of one tool; there are "
                f"{_listed(map(_written, names))}"
            )
        found |= dict.fromkeys(names, entry)
    return found


def _listed(names: Iterable[str]) -> str:
    known = sorted(names)
    more = f" and {len(known) - NAMES_LISTED_MAX} more" if len(known) > NAMES_LISTED_MAX else ""
    return (", ".join(known[:NAMES_LISTED_MAX]) or "none") + more


def _ids(plugin: str, functions: Iterable[Name]) -> dict[Name, str]:
    """`plugin.function`; between them, where several interfaces have one function name, as little
    of the interface as tells them apart."""
    names = list(functions)
    forms = (_nothing, _short, _package, _full)
    counts = [
        Counter((form(interface), function) for interface, function in names) for form in forms
    ]
    ids = {}
    for interface, function in names:
        between = "" if interface is None else _full(interface)
        for form, count in zip(forms, counts, strict=True):
            if interface is not None and count[form(interface), function] == 1:
                between = form(interface)
                break
        ids[interface, function] = ".".join(filter(None, (plugin, between, function)))
    return ids


def _nothing(interface: str | None) -> str:
    return ""


def _short(interface: str | None) -> str:
    """`test:tools/alpha@1.0.0` -> `alpha`."""
    return (interface or "").partition("@")[0].rpartition("/")[2]


def _package(interface: str | None) -> str:
    """`test:tools/alpha@1.0.0` -> `test-tools-alpha`."""
    return _full((interface or "").partition("@")[0])


def _full(interface: str | None) -> str:
    """`test:tools/alpha@1.0.0` -> `test-tools-alpha-1.0.0`."""
    return re.sub("[:/@+]", "-", interface or "")


def _written(name: Name) -> str:
    return name[1] if name[0] is None else f"{name[0]}#{name[1]}"
