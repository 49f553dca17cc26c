"""The guests that are called: the fixtures of the tests, so a benchmark needs a checkout."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parents[2] / "tests"
if str(TESTS) not in sys.path:
    sys.path.append(str(TESTS))

from guests import component, guest, guest_file  # noqa: E402  # the folder must be on the path before

__all__ = ["component", "guest", "guest_file", "with_manifest"]

_SECTION = b"innkeeper:manifest"


def with_manifest(component: bytes, manifest: str) -> bytes:
    """The component with a manifest embedded, as a custom section."""
    name = _leb128(len(_SECTION)) + _SECTION
    content = name + manifest.encode()
    return component + b"\0" + _leb128(len(content)) + content


def _leb128(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes(encoded) + bytes((number,))
