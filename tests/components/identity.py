"""Writes components whose functions answer their one argument, for any WIT value type.

An argument of at most 16 core values arrives as such and is stored to memory as the canonical ABI
lays a value out; a longer one lies in memory already, as do the contents of strings and lists.
Either way the answer is that memory. (Component model, Canonical ABI: alignment, size, flattening.)
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol


class WitType(Protocol):
    """What is read of a type: `innkeeper_core.values.Type` and `Shape` both have it."""

    @property
    def kind(self) -> str: ...
    @property
    def types(self) -> "Sequence[WitType | None]": ...
    @property
    def names(self) -> Sequence[str]: ...


FLAT_MAX: Final = 16
AREA: Final = 16  # where a short argument is stored and its answer found
HEAP: Final = 1024  # the widest short argument, 16 core values of 8 bytes, ends well below

# kind: bytes in memory (which is the alignment too), the core type it is passed as
SCALARS: Final = {
    "bool": (1, "i32"), "s8": (1, "i32"), "u8": (1, "i32"), "s16": (2, "i32"), "u16": (2, "i32"),
    "s32": (4, "i32"), "u32": (4, "i32"), "s64": (8, "i64"), "u64": (8, "i64"),
    "f32": (4, "f32"), "f64": (8, "f64"), "char": (4, "i32"),
}  # fmt: skip
STORES: Final = {1: "i32.store8", 2: "i32.store16", 4: "i32.store"}


def identity(functions: Mapping[str, WitType]) -> str:
    """The text of a component that exports `name: func(value: T) -> T` for each name and type."""
    names = TypeNames()
    exports = [_export(name, names.use(ty), flatten(ty)) for name, ty in functions.items()]
    code = [_core_function(name, shape) for name, shape in functions.items()]
    lines = (
        *("(component", f"(core module $code{ALLOCATOR}", *code, ")"),
        *("(core instance $i (instantiate $code))", *names.definitions, *exports, ")"),
    )
    return "\n  ".join(lines)


OPTIONS: Final = """(memory (core memory $i "memory"))
      (realloc (core func $i "realloc")) (post-return (core func $i "free"))"""
# Memory is taken upwards, and given back at once after the call.
ALLOCATOR: Final = f"""
    (memory (export "memory") 1)
    (global $heap (mut i32) (i32.const {HEAP}))
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32)
      (param $size i32) (result i32) (local $at i32)
      (local.set $at
        (i32.and
          (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get $align))))
      (global.set $heap (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $heap) (i32.shl (memory.size) (i32.const 16)))
        (then
          (if (i32.lt_s
                (memory.grow (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1)))
                (i32.const 0))
            (then unreachable))))
      (memory.copy (local.get $at) (local.get $old) (local.get $old-size))
      (local.get $at))
    (func (export "free") (param i32) (global.set $heap (i32.const {HEAP})))"""


def _export(name: str, ty: str, flat: list[str]) -> str:
    # One core value is answered as it came: no memory is involved.
    options = OPTIONS if len(flat) > 1 else ""
    return (
        f'(func (export "{name}") (param "value" {ty}) (result {ty})\n'
        f'    (canon lift (core func $i "{name}") {options}))'
    )


class TypeNames:
    """Names the types that a component may use by name alone: it defines and exports each once."""

    def __init__(self) -> None:
        self.definitions: list[str] = []
        self._known: dict[str, str] = {}

    def use(self, ty: WitType) -> str:
        """How a type is written where it is used."""
        match ty.kind, [None if part is None else self.use(part) for part in ty.types]:
            case "result", [ok, error]:
                return f"(result{f' {ok}' if ok else ''}{f' (error {error})' if error else ''})"
            case "record", parts:
                return self._named(ty, _members("field", ty.names, parts))
            case "variant", parts:
                return self._named(ty, _members("case", ty.names, parts))
            case "enum" | "flags", _:
                return self._named(ty, " ".join(f'"{name}"' for name in ty.names))
            case kind, []:
                return kind
            case kind, parts:
                return f"({kind} {' '.join(map(str, parts))})"

    def _named(self, ty: WitType, body: str) -> str:
        definition = f"({ty.kind} {body})"
        if definition not in self._known:
            name = f"{ty.kind}{len(self._known)}"
            self._known[definition] = f"${name}"
            self.definitions.append(f"(type $inner-{name} {definition})")
            self.definitions.append(f'(export ${name} "{name}" (type $inner-{name}))')
        return self._known[definition]


def _members(word: str, names: Sequence[str], parts: Sequence[str | None]) -> str:
    return " ".join(
        f'({word} "{name}"{f" {part}" if part else ""})'
        for name, part in zip(names, parts, strict=True)
    )


def _core_function(name: str, ty: WitType) -> str:
    flat = flatten(ty)
    if len(flat) == 1:
        return f'(func (export "{name}") (param {flat[0]}) (result {flat[0]}) (local.get 0))'
    if len(flat) > FLAT_MAX:
        return f'(func (export "{name}") (param i32) (result i32) (local.get 0))'
    stores = "\n      ".join(_stores(ty, AREA, list(enumerate(flat))))
    return (
        f'(func (export "{name}") (param {" ".join(flat)}) (result i32)\n'
        f"      {stores}\n      (i32.const {AREA}))"
    )


def flatten(ty: WitType) -> list[str]:
    """The core types that a value is passed as."""
    if ty.kind in SCALARS:
        return [SCALARS[ty.kind][1]]
    if ty.kind in {"string", "list", "map"}:
        return ["i32", "i32"]
    if ty.kind == "flags":
        return ["i32"]
    if ty.kind in {"record", "tuple"}:
        return [core for part in ty.types if part is not None for core in flatten(part)]
    joined: list[str] = []
    for payload in _cases(ty):
        for place, core in enumerate(flatten(payload) if payload is not None else []):
            joined[place:] = [_join(core, *joined[place : place + 1]), *joined[place + 1 :]]
    return ["i32", *joined]


def _join(core: str, other: str | None = None) -> str:
    if other is None or other == core:
        return core
    return "i32" if {core, other} == {"i32", "f32"} else "i64"


def _cases(ty: WitType) -> list[WitType | None]:
    if ty.kind == "option":
        return [None, *ty.types]
    return list(ty.types) or [None] * (len(ty.names) or 2)


def align_of(ty: WitType) -> int:
    """The alignment of a value in memory, in bytes."""
    if ty.kind in SCALARS:
        return SCALARS[ty.kind][0]
    if ty.kind in {"string", "list", "map"}:
        return 4
    if ty.kind == "flags":
        return _flag_bytes(ty)
    if ty.kind in {"record", "tuple"}:
        return max(align_of(part) for part in ty.types if part is not None)
    return max(_discriminant_bytes(ty), _payload_align(ty))


def size_of(ty: WitType) -> int:
    """The size of a value in memory, in bytes, padded to its alignment."""
    if ty.kind in {"string", "list", "map"}:
        return 8
    if ty.kind in SCALARS or ty.kind == "flags":
        return align_of(ty)
    if ty.kind in {"record", "tuple"}:
        end = [at + size_of(part) for at, part in _fields(ty)][-1]
    else:
        end = _payload_at(ty) + max(
            (size_of(payload) for payload in _cases(ty) if payload is not None), default=0
        )
    return _aligned(end, align_of(ty))


def _aligned(at: int, alignment: int) -> int:
    return -(-at // alignment) * alignment


def _flag_bytes(ty: WitType) -> int:
    return 1 if len(ty.names) <= 8 else 2 if len(ty.names) <= 16 else 4


def _discriminant_bytes(ty: WitType) -> int:
    return 1 if len(_cases(ty)) <= 1 << 8 else 2 if len(_cases(ty)) <= 1 << 16 else 4


def _payload_align(ty: WitType) -> int:
    return max((align_of(payload) for payload in _cases(ty) if payload is not None), default=1)


def _payload_at(ty: WitType) -> int:
    return _aligned(_discriminant_bytes(ty), _payload_align(ty))


def _fields(ty: WitType) -> Iterator[tuple[int, WitType]]:
    at = 0
    for part in ty.types:
        assert part is not None
        at = _aligned(at, align_of(part))
        yield at, part
        at += size_of(part)


def _stores(ty: WitType, at: int, flat: list[tuple[int, str]]) -> Iterator[str]:
    """Instructions that store a value, passed as numbered locals of core types, at an address."""
    if ty.kind in SCALARS:
        size, core = SCALARS[ty.kind]
        yield _store(at, size, core, flat[0])
    elif ty.kind in {"string", "list", "map"}:
        yield _store(at, 4, "i32", flat[0])
        yield _store(at + 4, 4, "i32", flat[1])
    elif ty.kind == "flags":
        yield _store(at, _flag_bytes(ty), "i32", flat[0])
    elif ty.kind in {"record", "tuple"}:
        for offset, part in _fields(ty):
            count = len(flatten(part))
            yield from _stores(part, at + offset, flat[:count])
            flat = flat[count:]
    else:
        yield from _stores_case(ty, at, flat)


def _stores_case(ty: WitType, at: int, flat: list[tuple[int, str]]) -> Iterator[str]:
    yield _store(at, _discriminant_bytes(ty), "i32", flat[0])
    number, passed_as = flat[0]
    discriminant = f"(local.get {number})"
    if passed_as == "i64":  # where the case of another type shares the local
        discriminant = f"(i32.wrap_i64 {discriminant})"
    for case, payload in enumerate(_cases(ty)):
        if payload is not None:
            inner = " ".join(_stores(payload, at + _payload_at(ty), flat[1:]))
            chosen = f"(i32.eq {discriminant} (i32.const {case}))"
            yield f"(if {chosen} (then {inner}))"


def _store(at: int, size: int, core: str, local: tuple[int, str]) -> str:
    """Store one core value. Where cases share a local, its low bytes are the value's own."""
    number, passed_as = local
    value = f"(local.get {number})"
    if passed_as == core == "f32" or passed_as == core == "f64":
        return f"({core}.store (i32.const {at}) {value})"
    if size == 8:
        return f"(i64.store (i32.const {at}) {value})"
    if passed_as == "i64":
        value = f"(i32.wrap_i64 {value})"
    return f"({STORES[size]} (i32.const {at}) {value})"
