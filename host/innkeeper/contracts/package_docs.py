"""What a component says of its functions and types: the `package-docs` custom section.

The component binary format has no place for the comments of WIT, so tools write them beside it: a
version byte, then JSON (the wit-parser crate, `metadata`). Version 0 gives a function's text as a
string, version 1 as an object; a component may carry one section for each package. All of it is a
courtesy: what cannot be read is ignored, and the tool has no description.

A type has no name once it is compiled, so texts of types are found by the names of their fields or
cases: they hold for a type whose names are all documented, and no others. Where two texts claim the
same thing there is none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

import msgspec

from innkeeper.contracts.sections import custom_sections

SECTION_NAME: Final = "package-docs"
VERSIONS: Final = (0, 1)
SECTION_BYTES_MAX: Final = 1 << 20
SECTIONS_MAX: Final = 16
TEXT_CHARS_MAX: Final = 4_096  # a client holds every tool's text in a model's context
_ANY_PACKAGE: Final = "*"


class TypeText(msgspec.Struct, frozen=True):
    """The text of a record, variant, enum or flags type, and of its fields or cases by name."""

    docs: str
    items: dict[str, str]


class PackageDocs(msgspec.Struct, frozen=True):
    """The texts of a component, by the names that its exports have."""

    functions: dict[str, str]
    types: dict[frozenset[str], TypeText]

    def function_text(self, function: str) -> str | None:
        """The text of "greet" or, in an interface, of "acme:notes/search@1.2.0#find"."""
        text = self.functions.get(function)
        if text is None and "/" in function:
            text = self.functions.get(_without_package(function))
        return text

    def type_text(self, names: Iterable[str]) -> TypeText | None:
        """The texts of the type that has these fields or cases."""
        return self.types.get(frozenset(names)) if self.types else None


def package_docs(component: bytes | memoryview) -> PackageDocs:
    """Read a component's texts; those that are missing, malformed or too big are left out.

    Raises ContractError (component_invalid) where the component's own framing is broken.
    """
    sections = [content for name, content in custom_sections(component) if name == SECTION_NAME]
    packages = [package for content in sections[:SECTIONS_MAX] for package in _parsed(content)]
    functions = [pair for package in packages for pair in _functions(package)]
    types = [pair for package in packages for pair in _types(package)]
    return PackageDocs(_unambiguous(functions), _unambiguous(types))


class _Function(msgspec.Struct, frozen=True):
    docs: str = ""


class _Type(msgspec.Struct, frozen=True):
    docs: str = ""
    items: dict[str, str] = {}


class _Interface(msgspec.Struct, frozen=True):
    funcs: dict[str, _Function | str | None] = {}
    types: dict[str, _Type] = {}


class _World(msgspec.Struct, frozen=True):
    """`interfaces` and `funcs` hold imports, and exports of a name that is not imported too."""

    interfaces: dict[str, _Interface] = {}
    funcs: dict[str, _Function | str | None] = {}
    types: dict[str, _Type] = {}
    interface_exports: dict[str, _Interface] = {}
    func_exports: dict[str, _Function | str | None] = {}


class _Package(msgspec.Struct, frozen=True):
    package: str = ""
    worlds: dict[str, _World] = {}
    interfaces: dict[str, _Interface] = {}


_DECODER: Final = msgspec.json.Decoder(_Package)


def _parsed(section: memoryview) -> Iterator[_Package]:
    if not 1 <= len(section) <= SECTION_BYTES_MAX or section[0] not in VERSIONS:
        return
    try:
        yield _DECODER.decode(section[1:])
    except (msgspec.DecodeError, ValueError, RecursionError):
        return


def _functions(package: _Package) -> Iterator[tuple[str, str]]:
    for world in package.worlds.values():
        yield from _texts("", {**world.funcs, **world.func_exports})
        for name, interface in {**world.interfaces, **world.interface_exports}.items():
            yield from _texts(f"{name}#", interface.funcs)
    for name, interface in package.interfaces.items():
        yield from _texts(f"{_qualified(package.package, name)}#", interface.funcs)


def _texts(prefix: str, functions: dict[str, _Function | str | None]) -> Iterator[tuple[str, str]]:
    for name, function in functions.items():
        text = _clean(function.docs if isinstance(function, _Function) else function or "")
        if text:
            yield prefix + name, text


def _types(package: _Package) -> Iterator[tuple[frozenset[str], TypeText]]:
    for world in package.worlds.values():
        yield from _type_texts(world.types)
        for interface in (*world.interfaces.values(), *world.interface_exports.values()):
            yield from _type_texts(interface.types)
    for interface in package.interfaces.values():
        yield from _type_texts(interface.types)


def _type_texts(types: dict[str, _Type]) -> Iterator[tuple[frozenset[str], TypeText]]:
    for ty in types.values():
        items = {name: _clean(text) for name, text in ty.items.items()}
        if items and all(items.values()):
            yield frozenset(items), TypeText(_clean(ty.docs), items)


def _qualified(package: str, interface: str) -> str:
    """How an interface of "acme:notes@1.2.0" is exported: "acme:notes/search@1.2.0"."""
    if not package:
        return f"{_ANY_PACKAGE}/{interface}"
    name, at, version = package.partition("@")
    return f"{name}/{interface}{at}{version}"


def _without_package(function: str) -> str:
    """The key of a function whose section does not say which package it is about."""
    interface, _, name = function.partition("#")
    return f"{_ANY_PACKAGE}/{interface.rpartition('/')[2].partition('@')[0]}#{name}"


def _clean(text: str) -> str:
    """At most so long, and without control characters, which terminals would obey."""
    cut = text if len(text) <= TEXT_CHARS_MAX else text[: TEXT_CHARS_MAX - 1] + "…"
    return "".join(c for c in cut if c in "\n\t" or unicodedata.category(c) != "Cc").strip()


_Key = TypeVar("_Key")
_Text = TypeVar("_Text")


def _unambiguous(pairs: Iterable[tuple[_Key, _Text]]) -> dict[_Key, _Text]:
    """A dict of the pairs, without the keys for which they disagree."""
    found: dict[_Key, _Text] = {}
    disputed = set()
    for key, text in pairs:
        if found.setdefault(key, text) != text:
            disputed.add(key)
    return {key: text for key, text in found.items() if key not in disputed}
