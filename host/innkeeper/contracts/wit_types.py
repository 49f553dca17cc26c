"""What a WIT type means to JSON: the few distinctions that schemas and codecs share.

The mapping itself is the table "WIT and JSON" of the reference; `schema` writes it down, `decode`
and `encode` carry it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from innkeeper.errors import ContractError
from innkeeper_core.values import FunctionType, Type

# A component can name a type of 2**n nodes in n lines, and every client is sent the schema whole:
# this many nodes and characters of names are some 2 MB of schema, far beyond any real tool.
TYPE_WEIGHT_MAX: Final = 100_000
TYPE_DEPTH_MAX: Final = 100  # each level is two or three Python frames when a value is decoded

INTEGER_BOUNDS: Final = {
    **{f"s{bits}": (-(1 << bits - 1), (1 << bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"u{bits}": (0, (1 << bits) - 1) for bits in (8, 16, 32, 64)},
}
JSON_INTEGER_MAX: Final = 1 << 53  # RFC 8259, section 6: beyond it peers do not agree on a number
DECIMAL_PATTERNS: Final = {
    "s64": "^-?(?:0|[1-9][0-9]{0,18})$",
    "u64": "^(?:0|[1-9][0-9]{0,19})$",
}
F32_MAX: Final = float.fromhex("0x1.fffffep+127")
FLOAT_WORDS: Final = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
BASE64_PATTERN: Final = (
    "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"  # RFC 4648, section 4
)


def is_bytes(ty: Type) -> bool:
    """Whether it is list<u8>, which is base64 text in JSON (a fixed-length one is an array)."""
    return ty.kind == "list" and ty.length is None and below(ty, 0).kind == "u8"


def is_string_map(ty: Type) -> bool:
    """Whether it is a map<string, T>, an object in JSON; other maps are arrays of pairs."""
    return ty.kind == "map" and below(ty, 0).kind == "string"


def wraps_null(ty: Type) -> bool:
    """Whether it is an option of what can itself be null, and so needs `{"some": …}`."""
    return ty.kind == "option" and below(ty, 0).kind == "option"


def result_type(function: FunctionType) -> Type | None:
    """The type of the value that a caller gets: T of a `result<T, E>`; None where there is none."""
    returned = function.result
    return returned.types[0] if returned is not None and returned.kind == "result" else returned


def below(ty: Type, index: int) -> Type:
    """The type below at `index`, where WIT allows none but a real one."""
    child = ty.types[index]
    assert child is not None, ty.kind
    return child


def children(ty: Type) -> tuple[Type, ...]:
    """The types below where each must be a real one: fields, elements, keys and values."""
    return tuple(child for child in ty.types if child is not None)


def check_types(types: Iterable[Type | None]) -> None:
    """Raise ContractError where together they are too big, too deep, or hold a resource handle."""
    weight = 0
    pending = [(ty, 1) for ty in types if ty is not None]
    while pending:
        ty, depth = pending.pop()
        weight += 1 + sum(map(len, ty.names))
        if weight > TYPE_WEIGHT_MAX:
            raise _unsupported(f"more than {TYPE_WEIGHT_MAX} nodes and characters of names")
        if depth > TYPE_DEPTH_MAX:
            raise _unsupported(f"more than {TYPE_DEPTH_MAX} types inside each other")
        if ty.kind in ("own", "borrow"):
            raise _unsupported("a resource handle, which JSON cannot carry")
        pending += [(child, depth + 1) for child in ty.types if child is not None]


def _unsupported(what: str) -> ContractError:
    return ContractError(f"the function's type has {what}", code="component_unsupported")
