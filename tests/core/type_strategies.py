"""Hypothesis strategies: WIT types as a component may have them, and their values as plain data."""

import struct
from typing import Any, Final

from hypothesis import strategies as st

from innkeeper_core.values import Type

BOUNDS: Final = {
    f"{sign}{bits}": (-(1 << bits - 1), (1 << bits - 1) - 1)
    if sign == "s"
    else (0, (1 << bits) - 1)
    for sign in "su"
    for bits in (8, 16, 32, 64)
}
SCALARS: Final = ("bool", *BOUNDS, "f32", "f64", "char", "string")
KEYS: Final = ("bool", *BOUNDS, "char", "string")
NAMES: Final = ("a", "b-c", "tag", "value", "ok", "error", "some", "x1", "long-name-of-a-field")
FLAGS_MAX: Final = 32


def types(*, depth: int = 4, maps: bool = True) -> st.SearchStrategy[Type]:
    """Types up to so many levels, without resources."""
    if depth <= 1:
        return leaves()
    inner = types(depth=depth - 1, maps=maps)
    maybe = st.none() | inner
    compound = [
        inner.map(lambda ty: Type("list", [ty])),
        inner.map(lambda ty: Type("option", [ty])),
        st.lists(inner, min_size=1, max_size=3).map(lambda below: Type("tuple", below)),
        st.tuples(maybe, maybe).map(lambda sides: Type("result", sides)),
        _named(inner).map(lambda fields: Type("record", list(fields.values()), list(fields))),
        _named(maybe).map(lambda cases: Type("variant", list(cases.values()), list(cases))),
    ]
    if maps:
        keys = st.sampled_from(KEYS).map(Type)
        compound.append(st.tuples(keys, inner).map(lambda pair: Type("map", pair)))
    return leaves() | st.one_of(compound)


def leaves() -> st.SearchStrategy[Type]:
    """Types without types below them, and bytes."""
    names = st.lists(st.sampled_from(NAMES), min_size=1, unique=True)
    return st.one_of(
        st.sampled_from(SCALARS).map(Type),
        st.just(Type("list", [Type("u8")])),
        names.map(lambda cases: Type("enum", names=cases)),
        names.map(lambda flags: Type("flags", names=flags)),
        st.just(Type("flags", names=[f"flag{n}" for n in range(FLAGS_MAX)])),
    )


def _named(below: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(NAMES), below, min_size=1, max_size=4)


def values(ty: Type) -> st.SearchStrategy[Any]:
    """Values of a type, in the form in which they come back."""
    below = [st.none() if part is None else values(part) for part in ty.types]
    match ty.kind:
        case "list":
            return _lists(ty, below[0])
        case "record":
            return st.fixed_dictionaries(dict(zip(ty.names, below, strict=True)))
        case "tuple":
            return st.tuples(*below)
        case "variant":
            return st.one_of(
                *[
                    st.tuples(st.just(name), payload)
                    for name, payload in zip(ty.names, below, strict=True)
                ]
            )
        case "result":
            return st.tuples(st.just("ok"), below[0]) | st.tuples(st.just("error"), below[1])
        case "option":
            payload = ty.types[0]
            assert payload is not None
            nested = payload.kind == "option"
            return st.none() | (st.tuples(st.just("some"), below[0]) if nested else below[0])
        case "map":
            return _maps(ty, below)
        case "enum":
            return st.sampled_from(ty.names)
        case "flags":
            return st.sets(st.sampled_from(ty.names)).map(
                lambda chosen: sorted(chosen, key=ty.names.index)
            )
    return _scalars(ty.kind)


def _scalars(kind: str) -> st.SearchStrategy[Any]:
    if kind in BOUNDS:
        low, high = BOUNDS[kind]
        return st.integers(low, high) | st.sampled_from([low, high])
    return {
        "bool": st.booleans(),
        "f32": st.floats(width=32),
        "f64": st.floats(),
        "char": st.characters(exclude_categories=["Cs"]),
        "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    }[kind]


def _lists(ty: Type, element: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    if ty.types[0] == Type("u8") and ty.length is None:
        return st.binary(max_size=20)
    if ty.length is not None:
        return st.lists(element, min_size=ty.length, max_size=ty.length)
    return st.lists(element, max_size=4)


def _maps(ty: Type, below: list[st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    key, value = below
    pairs = st.dictionaries(key, value, max_size=4)
    return pairs if ty.types[0] == Type("string") else pairs.map(lambda found: list(found.items()))


def exact(value: object) -> object:
    """A form that equals another's only where both values are the same to the last bit.

    True is not 1, 0.0 is not -0.0, and a NaN is any NaN: its bits need not survive. The order of
    a record's fields tells nothing.
    """
    if isinstance(value, float):
        return ("float", "nan" if value != value else struct.pack("<d", value))
    if isinstance(value, dict):
        return ("dict", [(key, exact(value[key])) for key in sorted(value)])
    if isinstance(value, list | tuple):
        return (type(value).__name__, [exact(below) for below in value])
    return (type(value).__name__, value)
