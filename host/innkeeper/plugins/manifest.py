"""The manifest of a plugin (`plugin.toml`): the one embedded in its component is the truth.

Every table and key is fixed in the reference ("plugin.toml"); what is not known is refused.
"""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

import msgspec

from innkeeper.contracts.sections import custom_sections
from innkeeper.engine.limits import Limits
from innkeeper.errors import ContractError, ManifestError, RequestRefused
from innkeeper.plugins.manifest_rules import (
    FUNCTION,
    KEY,
    NAME,
    NAME_CHARS_MAX,
    TOOL_NAME,
    VERSION,
    WORLD,
    check_count,
    check_form,
    check_items,
    check_line,
    check_name,
    check_once,
    check_text,
)
from innkeeper.plugins.manifest_text import read_toml, shown, shown_key

SECTION: Final = "innkeeper:manifest"
BARE_VERSION: Final = "0.0.0"

Kind = Literal["tool", "resources", "prompts", "adapter", "policy", "connector", "memory-scorer"]
InstanceReuse = Literal["call", "session", "plugin"]
SideEffects = Literal["none", "read", "write", "external"]
Stability = Literal["experimental", "beta", "stable", "deprecated"]
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "kind": get_args(Kind),
    "instance": get_args(InstanceReuse),
    "side_effects": get_args(SideEffects),
    "stability": get_args(Stability),
}


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[plugin]`: who it is."""

    name: str
    version: str
    kind: Kind = "tool"
    description: str = ""
    licence: str = ""
    world: str = ""
    namespaces: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("name", self.name)
        check_form("version", self.version, form=VERSION, rule="a version such as 1.2.0 (SemVer)")
        check_text("description", self.description)
        check_line("licence", self.licence)
        if self.world:
            rule = "a world such as innkeeper:plugin/tool@0.1.0"
            check_form("world", self.world, form=WORLD, rule=rule)
        check_items("namespaces", self.namespaces, form=NAME, rule="plugin names, each once")
        check_items("deny", self.deny, form=KEY, rule="gate keys such as net:*, each once")
        check_items("stages", self.stages, form=NAME, rule="stages such as ingress, each once")


class Build(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[build]`: what it was built from."""

    language: str = ""
    entry: str = ""

    def __post_init__(self) -> None:
        check_line("language", self.language)
        check_line("entry", self.entry)


class Reuse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[reuse]`: how long an instance lives; "call" is a fresh one for each call."""

    instance: InstanceReuse = "call"


class CapabilityRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[capability]]`: what the plugin asks for, the ceiling of what it can be granted.

    0 in `expires_s` and `budget` asks for no end and no bound.
    """

    name: str
    scope: str = ""
    reason: str = ""
    optional: bool = False
    expires_s: float = 0
    budget: int = 0

    def __post_init__(self) -> None:
        check_form("name", self.name, form=KEY, rule="a capability such as fs:read")
        check_text("scope", self.scope)
        check_text("reason", self.reason)
        if self.expires_s < 0:
            raise ValueError("expires_s must not be negative")
        if self.budget < 0:
            raise ValueError("budget must not be negative")


class ToolEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[tool]]`: what the author says about an exported function.

    `function` is a WIT name, or `interface#name`. Without `name` the tool's id is its MCP name;
    an empty title or description leaves it to the component's own documentation.
    """

    function: str
    name: str | None = None
    side_effects: SideEffects = "external"
    deterministic: bool = False
    stability: Stability = "experimental"
    title: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        rule = "a function of the component, as name or interface#name"
        check_form("function", self.function, form=FUNCTION, rule=rule)
        if self.name is not None:
            rule = "1 to 128 of the characters A-Z a-z 0-9 _ . -"
            check_form("name", self.name, form=TOOL_NAME, rule=rule)
        check_line("title", self.title)
        check_text("description", self.description)


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a plugin says of itself and asks for."""

    plugin: About
    build: Build = Build()
    limits: Limits = Limits()
    reuse: Reuse = Reuse()
    capability: tuple[CapabilityRequest, ...] = ()
    tool: tuple[ToolEntry, ...] = ()

    def __post_init__(self) -> None:
        check_count("capability", self.capability)
        check_count("tool", self.tool)
        check_once("capability", ((entry.name, entry.scope) for entry in self.capability))
        check_once("tool", (entry.function for entry in self.tool))
        check_once("tool", (entry.name for entry in self.tool if entry.name is not None))


def read_manifest(component: bytes | memoryview, *, subject: str = "") -> Manifest | None:
    """The manifest embedded in a component, or None where there is none.

    Raises ManifestError (manifest_invalid), or ContractError (component_invalid) where the
    component's framing is broken; the message begins with `subject`, where one is given.
    """
    try:
        found = [content for name, content in custom_sections(component) if name == SECTION]
        if len(found) > 1:
            raise ManifestError(f"there are {len(found)} sections {SECTION}, one is allowed")
        return parse_manifest(found[0]) if found else None
    except (ManifestError, ContractError) as error:
        if not subject:
            raise
        raise type(error)(f"{subject}: {error}", code=error.code) from error


def parse_manifest(text: str | bytes | memoryview) -> Manifest:
    """The manifest in a `plugin.toml`; ManifestError names the key, its value and the rule."""
    tables = read_toml(text)
    try:
        return msgspec.convert(tables, Manifest)
    except msgspec.ValidationError as error:
        raise ManifestError(_explained(str(error), tables)) from error


def bare_manifest(stem: str) -> Manifest:
    """The manifest of a component without one, named after its file; all else is the default.

    Raises RequestRefused (validation_failed) where the file's name makes no plugin name.
    """
    name = re.sub(r"[-_. ]+", "-", stem.lower()).strip("-")
    if len(name) > NAME_CHARS_MAX or not re.fullmatch(NAME, name):
        raise RequestRefused(
            f"the file name {shown(stem)} makes no plugin name: it takes a letter a-z, then"
            f" letters, digits and single hyphens, at most {NAME_CHARS_MAX}; rename the file"
        )
    return Manifest(plugin=About(name=name, version=BARE_VERSION))


def _explained(message: str, tables: dict[str, object]) -> str:
    """msgspec's message about the tables, as `plugin.toml: key.path = value: rule`."""
    rule, _, where = message.partition(" - at `$")
    path = re.findall(r"\w+", where)
    key = re.search(r"(unknown|required) field `(.*)`", rule, re.DOTALL)
    if key:
        rule = "is not a known key" if key[1] == "unknown" else "is required"
        return f"plugin.toml: {_written([*path, shown_key(key[2])])} {rule}"
    if rule.startswith("Invalid enum value"):
        rule = f"must be one of {', '.join(_CHOICES[path[-1]])}"
    field, _, rest = rule.partition(" ")
    value = _at(tables, path)
    if isinstance(value, dict) and rest.startswith("must "):
        path, value, rule = [*path, field], value.get(field), rest
    return f"plugin.toml: {_written(path)} = {shown(value)}: {rule}"


def _at(tables: dict[str, object], path: list[str]) -> object:
    value: object = tables
    for step in path:
        value = value[int(step)] if isinstance(value, list) else value[step]  # type: ignore[index]
    return value


def _written(path: list[str]) -> str:
    """The path as it is written in TOML's terms: `tool[0].name`."""
    steps = (f"[{step}]" if step.isdecimal() else f".{step}" for step in path)
    return "".join(steps).lstrip(".")
