"""Hypothesis strategies: WIT types, their plain values, and JSON that nearly fits them."""

from __future__ import annotations

from hypothesis import strategies as st

from innkeeper.contracts.wit_types import INTEGER_BOUNDS, is_bytes, is_string_map
from innkeeper_core.values import FunctionType, Type

NAMES = ["a", "b-c", "tag", "value", "ok", "error", "some", "x1", "a~b", "c/d"]
BARE_KINDS = ["bool", "string", "char", "f32", "f64", *INTEGER_BOUNDS]
KEY_KINDS = ["bool", "string", "char", "u8", "s64"]


def name_lists(*, size_max: int = 4) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(NAMES), min_size=1, max_size=size_max, unique=True)


def _below(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    maybe = st.none() | inner
    keys = st.sampled_from(KEY_KINDS).map(Type)
    return st.one_of(
        inner.map(lambda ty: Type("list", [ty])),
        st.builds(lambda ty, n: Type("list", [ty], length=n), inner, st.integers(1, 3)),
        inner.map(lambda ty: Type("option", [ty])),
        st.lists(inner, min_size=1, max_size=3).map(lambda types: Type("tuple", types)),
        st.tuples(maybe, maybe).map(lambda sides: Type("result", sides)),
        st.tuples(keys, inner).map(lambda sides: Type("map", sides)),
        st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=4).map(
            lambda fields: Type("record", list(fields.values()), list(fields))
        ),
        st.dictionaries(st.sampled_from(NAMES), maybe, min_size=1, max_size=4).map(
            lambda cases: Type("variant", list(cases.values()), list(cases))
        ),
    )


LEAVES = st.one_of(
    st.sampled_from(BARE_KINDS).map(Type),
    st.just(Type("list", [Type("u8")])),
    st.builds(Type, st.sampled_from(["enum", "flags"]), st.just(()), name_lists()),
)
EACH_KIND = [
    *map(Type, BARE_KINDS),
    Type("enum", (), ["a", "b-c"]),
    Type("flags", (), ["a", "b-c"]),
    Type("list", [Type("u8")]),
    Type("list", [Type("bool")]),
    Type("list", [Type("u8")], length=2),
    Type("tuple", [Type("bool"), Type("char")]),
    Type("record", [Type("bool"), Type("option", [Type("bool")])], ["a", "value"]),
    Type("variant", [None, Type("bool"), Type("option", [Type("bool")])], ["a", "b-c", "some"]),
    Type("option", [Type("enum", (), ["a"])]),
    Type("option", [Type("option", [Type("bool")])]),
    Type("result", [None, Type("bool")]),
    Type("map", [Type("string"), Type("bool")]),
    Type("map", [Type("u8"), Type("s64")]),
]
TYPES = st.recursive(LEAVES, _below, max_leaves=8)
FUNCTIONS = st.dictionaries(st.sampled_from(NAMES), TYPES, min_size=1, max_size=4).map(
    lambda params: FunctionType(list(params.items()))
)


def values(ty: Type) -> st.SearchStrategy[object]:
    """The plain values of a type."""
    if ty.kind in INTEGER_BOUNDS:
        return st.integers(*INTEGER_BOUNDS[ty.kind])
    if ty.kind in ("f32", "f64"):
        return st.floats(width=32 if ty.kind == "f32" else 64)
    if ty.kind == "flags":
        chosen = st.sets(st.sampled_from(ty.names))
        return chosen.map(lambda names: [name for name in ty.names if name in names])
    if ty.kind in ("record", "variant"):
        return _named_values(ty)
    simple: dict[str, st.SearchStrategy[object]] = {
        "bool": st.booleans(),
        "string": st.text(max_size=8),
        "char": st.characters(exclude_categories=["Cs"]),
    }
    if ty.kind in simple:
        return simple[ty.kind]
    return st.sampled_from(ty.names) if ty.kind == "enum" else _composite_values(ty)


def _named_values(ty: Type) -> st.SearchStrategy[object]:
    members = zip(ty.names, ty.types, strict=True)
    if ty.kind == "record":
        return st.fixed_dictionaries({name: maybe_values(child) for name, child in members})
    cases = [st.tuples(st.just(name), maybe_values(child)) for name, child in members]
    return st.one_of(cases)


def _composite_values(ty: Type) -> st.SearchStrategy[object]:
    below = [maybe_values(child) for child in ty.types]
    if is_bytes(ty):
        return st.binary(max_size=6)
    if ty.kind == "list":
        return st.lists(below[0], min_size=ty.length or 0, max_size=ty.length or 4)
    if ty.kind == "tuple":
        return st.tuples(*below)
    if ty.kind == "map":
        if is_string_map(ty):
            return st.dictionaries(st.text(max_size=4), below[1], max_size=3)
        return st.lists(st.tuples(*below), max_size=3)
    if ty.kind == "result":
        return st.tuples(st.just("ok"), below[0]) | st.tuples(st.just("error"), below[1])
    wrapped = ty.types[0] is not None and ty.types[0].kind == "option"
    return st.none() | (st.tuples(st.just("some"), below[0]) if wrapped else below[0])


def maybe_values(ty: Type | None) -> st.SearchStrategy[object]:
    return st.none() if ty is None else values(ty)


# The bounds of 64 bits as doubles are left out: there the oracle compares in double precision.
_NUMBERS = st.one_of(
    st.integers(-3, 300),
    st.integers(-(2**65), 2**65),
    st.sampled_from([2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64 - 1, 2**64]),
    st.sampled_from([0.0, -0.0, 1.0, 255.0, 256.0, -129.0, 0.5, 1e300, 3.5e38]),
    st.floats(allow_nan=False, allow_infinity=False).filter(
        lambda number: abs(number) not in (2.0**63, 2.0**64)
    ),
)
_DECIMALS = st.integers(-(2**65), 2**65).map(str) | st.sampled_from(
    ["", "-", "-0", "00", "+1", "1.0", " 1", "1_0", "٣", str(2**63), str(2**64), str(-(2**63))]
)
_TEXTS = st.one_of(
    st.text(max_size=3),
    st.sampled_from(NAMES),
    st.sampled_from(
        [
            "NaN",
            "Infinity",
            "-Infinity",
            "nan",
            "QQ==",
            "QQ=",
            "QQ",
            "QR==",
            "QUJD",
            "QQ==\n",
            "Q Q==",
        ]
    ),
    _DECIMALS,
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def mutations(draw: st.DrawFn, value: object) -> object:
    """A copy of some JSON with one thing changed somewhere; often no longer of its type."""
    if not isinstance(value, dict | list) or draw(st.sampled_from([False, False, False, True])):
        return draw(JSON_VALUES)
    if isinstance(value, dict):
        return _changed_object(draw, dict(value))
    return _changed_array(draw, list(value))


def _changed_object(draw: st.DrawFn, members: dict[str, object]) -> object:
    change = draw(st.sampled_from(["inside", "inside", "inside", "add", "remove"]))
    if change == "add" or not members:
        members[draw(st.sampled_from(NAMES))] = draw(JSON_VALUES)
        return members
    name = draw(st.sampled_from(sorted(members)))
    if change == "remove":
        del members[name]
    else:
        members[name] = draw(mutations(members[name]))
    return members


def _changed_array(draw: st.DrawFn, items: list[object]) -> object:
    change = draw(st.sampled_from(["inside", "inside", "inside", "add", "remove", "repeat"]))
    if change == "add" or not items:
        return [*items, draw(JSON_VALUES)]
    index = draw(st.integers(0, len(items) - 1))
    if change == "remove":
        del items[index]
    elif change == "repeat":
        items.append(items[index])
    else:
        items[index] = draw(mutations(items[index]))
    return items
