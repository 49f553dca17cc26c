"""The rules of a manifest's values: grammars, and checks that raise ValueError("<key> <rule>").

msgspec adds to such an error where in the manifest it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

NAME_CHARS_MAX: Final = 64
LINE_CHARS_MAX: Final = 256
TEXT_CHARS_MAX: Final = 16_384
ITEMS_MAX: Final = 1024  # of one array: tools, capabilities, namespaces

NAME: Final = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
# Semantic Versioning 2.0.0, item 2 and 9-10.
_NUMBER: Final = r"(0|[1-9][0-9]*)"
_PRERELEASE: Final = r"(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
VERSION: Final = (
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PRERELEASE}(\.{_PRERELEASE})*)?"
    r"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)
WORLD: Final = rf"{NAME}:{NAME}/{NAME}(@{VERSION})?"
KEY: Final = r"[A-Za-z0-9_*-][A-Za-z0-9_.*/-]*(:[A-Za-z0-9_.*/-]+)*"
TOOL_NAME: Final = r"[A-Za-z0-9_.-]{1,128}"  # MCP 2025-11-25, server/tools, "Tool Names"
FUNCTION: Final = r"([A-Za-z][A-Za-z0-9:/@.+-]*#)?[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*"


def check_name(key: str, value: str) -> None:
    if len(value) > NAME_CHARS_MAX:
        raise ValueError(f"{key} must have at most {NAME_CHARS_MAX} characters")
    rule = "a letter a-z, then letters, digits and single hyphens"
    check_form(key, value, form=NAME, rule=rule)


def check_form(key: str, value: str, *, form: str, rule: str) -> None:
    check_line(key, value)
    if not re.fullmatch(form, value):
        raise ValueError(f"{key} must be {rule}")


def check_items(key: str, values: tuple[str, ...], *, form: str, rule: str) -> None:
    check_count(key, values)
    unique = len(set(values)) == len(values)
    if not unique or any(
        len(value) > LINE_CHARS_MAX or not re.fullmatch(form, value) for value in values
    ):
        raise ValueError(f"{key} must be {rule}")


def check_line(key: str, value: str) -> None:
    if len(value) > LINE_CHARS_MAX or not value.isprintable():
        raise ValueError(f"{key} must be one line of at most {LINE_CHARS_MAX} characters")


def check_text(key: str, value: str) -> None:
    lines = value.replace("\r\n", "\n").replace("\t", " ").split("\n")
    if len(value) > TEXT_CHARS_MAX or not all(line.isprintable() for line in lines):
        raise ValueError(
            f"{key} must be at most {TEXT_CHARS_MAX} characters, none of them a control character"
        )


def check_count(key: str, entries: tuple[object, ...]) -> None:
    if len(entries) > ITEMS_MAX:
        raise ValueError(f"{key} must have at most {ITEMS_MAX} entries")


def check_once(key: str, names: Iterable[object]) -> None:
    seen: set[object] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{key} must say each thing once, {name!r} comes again")
        seen.add(name)
