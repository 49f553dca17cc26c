"""wasmtime-py as the oracle: the same component called through it, values made comparable.

It has no map type, and shows a variant by its payload alone where the Python classes of the cases
differ; where it would then mistake one case for another, it is no oracle: `Ambiguous`.
"""

from typing import Any, Final

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record, Variant

from innkeeper_core.values import Type

CLASSES: Final[dict[str, type]] = {
    "bool": bool,
    "f32": float,
    "f64": float,
    "char": str,
    "string": str,
    "enum": str,
    "record": Record,
    "tuple": tuple,
    "flags": set,
}


class Ambiguous(Exception):
    """wasmtime-py cannot be told which case of a variant is meant."""


class Oracle:
    """One component, instantiated by wasmtime-py."""

    def __init__(self, binary: bytes) -> None:
        engine = Engine()
        self._store = Store(engine)
        self._instance = Linker(engine).instantiate(self._store, Component(engine, binary))

    def call(self, name: str, ty: Type, value: object) -> object:
        """What `name: func(value: T) -> T` answers, in our plain data. Raises Ambiguous."""
        given = theirs(ty, value)
        function: Any = self._instance.get_func(self._store, name)
        answer = function(self._store, given)
        function.post_return(self._store)
        return ours(ty, answer)


def theirs(ty: Type, value: Any) -> Any:
    """Our plain data as wasmtime-py wants it."""
    match ty.kind:
        case "list" if not isinstance(value, bytes):
            return [theirs(_some(ty.types[0]), part) for part in value]
        case "tuple":
            return tuple(theirs(_some(t), part) for t, part in zip(ty.types, value, strict=True))
        case "record":
            record = Record()
            for name, below in zip(ty.names, ty.types, strict=True):
                setattr(record, name, theirs(_some(below), value[name]))
            return record
        case "flags":
            return set(value)
        case "variant" | "result" | "option":
            return _their_case(ty, *_our_case(ty, value))
    return value


def ours(ty: Type, value: Any) -> Any:
    """What wasmtime-py answered, as our plain data."""
    match ty.kind:
        case "list" if not isinstance(value, bytes):
            return [ours(_some(ty.types[0]), part) for part in value]
        case "tuple":
            return tuple(ours(_some(t), part) for t, part in zip(ty.types, value, strict=True))
        case "record":
            return {
                name: ours(_some(below), getattr(value, name))
                for name, below in zip(ty.names, ty.types, strict=True)
            }
        case "flags":
            return sorted(value, key=ty.names.index)
        case "variant" | "result" | "option":
            return _from_their_case(ty, value)
    return value


def _cases(ty: Type) -> list[tuple[str, Type | None]]:
    match ty.kind:
        case "option":
            return [("none", None), ("some", ty.types[0])]
        case "result":
            return [("ok", ty.types[0]), ("err", ty.types[1])]
    return list(zip(ty.names, ty.types, strict=True))


def _our_case(ty: Type, value: Any) -> tuple[str, Any]:
    if ty.kind == "option":
        nested = _some(ty.types[0]).kind == "option"
        return ("none", None) if value is None else ("some", value[1] if nested else value)
    name, payload = value
    return ("err" if ty.kind == "result" and name == "error" else name), payload


def _their_case(ty: Type, name: str, payload: Any) -> Any:
    below = dict(_cases(ty))[name]
    given = None if below is None else theirs(below, payload)
    if _is_tagged(ty):
        return Variant(name, given)
    picked = next(case for case, t in _cases(ty) if _fits(t, given))
    if picked != name:
        raise Ambiguous(f"{ty}: {picked} for {name}")
    return given


def _from_their_case(ty: Type, value: Any) -> Any:
    if _is_tagged(ty):
        name, given = value.tag, value.payload
    else:
        name = next(
            case
            for case, t in _cases(ty)
            if (object if value is None else type(value)) in _case_classes(t)
        )
        given = value
    below = dict(_cases(ty))[name]
    payload = None if below is None else ours(below, given)
    match ty.kind, name:
        case "option", "none":
            return None
        case "option", _:
            return ("some", payload) if _some(below).kind == "option" else payload
        case "result", "err":
            return ("error", payload)
    return (name, payload)


def _is_tagged(ty: Type) -> bool:
    """Whether two cases share a class, so that values are tagged."""
    seen: set[type] = set()
    for _, below in _cases(ty):
        classes = _case_classes(below)
        if classes & seen:
            return True
        seen |= classes
    return False


def _case_classes(ty: Type | None) -> set[type]:
    return {object} if ty is None else _classes(ty)


def _classes(ty: Type) -> set[type]:
    if ty.kind == "list":
        return {bytes if ty.types[0] == Type("u8") else list}
    if ty.kind in {"variant", "result", "option"}:
        if _is_tagged(ty):
            return {Variant}
        return {each for _, below in _cases(ty) for each in _case_classes(below)}
    return {CLASSES.get(ty.kind, int)}


def _fits(ty: Type | None, given: Any) -> bool:
    """Whether wasmtime-py takes this for the payload of a case of that type."""
    return given is None if ty is None else isinstance(given, tuple(_classes(ty)))


def _some(ty: Type | None) -> Type:
    assert ty is not None
    return ty
