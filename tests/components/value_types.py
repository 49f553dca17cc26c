"""Every WIT value type that the host carries, by the name of a function that answers its argument.

`Shape` has the fields of `innkeeper_core.values.Type` that tell a value's shape, so that guests can
be written, and checked, without the compiled core.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Shape:
    """A WIT type as a tree: its kind, the types below it, its fields, cases or flags by name."""

    kind: str
    types: tuple["Shape | None", ...] = ()
    names: tuple[str, ...] = ()


def listing(element: Shape) -> Shape:
    """list<element>"""
    return Shape("list", (element,))


def option(payload: Shape) -> Shape:
    """option<payload>"""
    return Shape("option", (payload,))


def result(ok: Shape | None = None, error: Shape | None = None) -> Shape:
    """result<ok, error>; None is the empty side."""
    return Shape("result", (ok, error))


def mapping(key: Shape, value: Shape) -> Shape:
    """map<key, value>"""
    return Shape("map", (key, value))


def record(**fields: Shape) -> Shape:
    """record {fields}; an underscore stands for a hyphen."""
    return Shape("record", tuple(fields.values()), _labels(fields))


def variant(**cases: Shape | None) -> Shape:
    """variant {cases}; None is a case without a payload."""
    return Shape("variant", tuple(cases.values()), _labels(cases))


def _labels(names: dict[str, Shape] | dict[str, Shape | None]) -> tuple[str, ...]:
    return tuple(name.replace("_", "-") for name in names)


SCALARS: Final = {
    kind: Shape(kind)
    for kind in (
        *("bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64"),
        *("f32", "f64", "char", "string"),
    )
}
U8, U16, U32, U64 = (SCALARS[kind] for kind in ("u8", "u16", "u32", "u64"))
S32, S64, F32, F64 = (SCALARS[kind] for kind in ("s32", "s64", "f32", "f64"))
BOOL, CHAR, STRING = (SCALARS[kind] for kind in ("bool", "char", "string"))

POINT: Final = record(x=S32, y=F64, label=STRING)
COLOR: Final = Shape("enum", names=("red", "green", "blue"))
FIGURE: Final = variant(
    empty=None, circle=F64, square=F32, named=STRING, many=listing(U32), at=POINT, tiny=U8
)
NESTED: Final = record(
    name=STRING, at=POINT, tags=listing(STRING), weight=option(F64), hue=COLOR, outcome=result(U32)
)

TYPES: Final = {f"same-{kind}": shape for kind, shape in SCALARS.items()} | {
    "same-bytes": listing(U8),
    "same-strings": listing(STRING),
    "same-matrix": listing(listing(U32)),
    "same-doubles": listing(F64),
    "same-flags-list": listing(BOOL),
    "same-tuple": Shape("tuple", (U8, STRING, F32)),
    "same-point": POINT,
    "same-points": listing(POINT),
    "same-nested": NESTED,
    # More than 16 core values: the argument goes through memory.
    "same-wide": record(**{f"field_{letter}": STRING for letter in "abcdefghi"}, last_u8=U8),
    "same-figure": FIGURE,
    "same-figures": listing(FIGURE),
    "same-color": COLOR,
    # More than 256 cases take two bytes.
    "same-large-enum": Shape("enum", names=tuple(f"case{n}" for n in range(300))),
    "same-option": option(STRING),
    "same-nested-option": option(option(U32)),
    "same-result": result(U32, STRING),
    "same-result-ok": result(ok=STRING),
    "same-result-error": result(error=STRING),
    "same-result-empty": result(),
    "same-held-result": record(outcome=result(F32, S64)),
    "same-flags": Shape("flags", names=("read", "write", "run-it")),
    "same-flags-sixteen": Shape("flags", names=tuple(f"flag{n}" for n in range(16))),
    "same-flags-full": Shape("flags", names=tuple(f"flag{n}" for n in range(32))),
}

MAPS: Final = {
    "same-counts": mapping(STRING, U32),
    "same-names": mapping(U32, STRING),
    "same-groups": mapping(STRING, listing(POINT)),
    "same-letters": mapping(CHAR, option(U64)),
}
