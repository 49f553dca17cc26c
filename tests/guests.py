"""Guests for tests: components made of text, each made once.

`tests/components/` holds one text an edge; its opening comment says which. The guests `types` and
`maps` are generated (`components/identity.py`): a function for every WIT value type.
"""

from functools import cache
from pathlib import Path

from components.identity import identity
from components.value_types import MAPS, TYPES
from wasmtime import wat2wasm

TEXTS = Path(__file__).parent / "components"
GENERATED = {"types": TYPES, "maps": MAPS}
NAMES = tuple(sorted([path.stem for path in TEXTS.glob("*.wat")] + list(GENERATED)))


@cache
def component(wat: str) -> bytes:
    """The binary of a component, or core module, given as text."""
    return bytes(wat2wasm(wat))


@cache
def guest(name: str) -> bytes:
    """The binary of the guest of that name, one of NAMES."""
    return component(guest_text(name))


def guest_text(name: str) -> str:
    """The text of the guest of that name."""
    if name in GENERATED:
        return identity(GENERATED[name])
    return (TEXTS / f"{name}.wat").read_text(encoding="utf-8")


def guest_file(name: str, directory: Path) -> Path:
    """Write the guest's binary to `<name>.wasm` in a directory; where it stands."""
    path = directory / f"{name}.wasm"
    path.write_bytes(guest(name))
    return path
