"""Writes components that hand their one argument to the host and answer what the host answers.

`name: func(value: T) -> T` asks the import of the same name. Whatever the type, the guest only
passes on what it was given: core values as they are, contents of memory by their address.
(Component model, Canonical ABI: lowering and lifting, flattening.)
"""

import re
from collections.abc import Mapping
from typing import Final

from components.identity import FLAT_MAX, TypeNames, WitType, align_of, flatten, size_of

MEMORY: Final = """(core module $memory
    (memory (export "memory") 1)
    (global $heap (mut i32) (i32.const 64))
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32)
      (param $size i32) (result i32) (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $heap (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $heap) (i32.shl (memory.size) (i32.const 16)))
        (then (drop (memory.grow
          (i32.add (i32.shr_u (local.get $size) (i32.const 16)) (i32.const 1))))))
      (memory.copy (local.get $at) (local.get $old) (local.get $old-size))
      (local.get $at))
    (func (export "free") (param i32) (global.set $heap (i32.const 64))))
  (core instance $memory (instantiate $memory))"""
OPTIONS: Final = '(memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))'
FREE: Final = '(post-return (core func $memory "free"))'


def relay(functions: Mapping[str, WitType]) -> str:
    """The text of the component."""
    names = TypeNames()
    written = {name: names.use(ty) for name, ty in functions.items()}
    imports = [
        f'(import "{name}" (func ${name} (param "value" {ty}) (result {ty})))\n'
        f"  (core func ${name} (canon lower (func ${name}) {OPTIONS}))"
        for name, ty in written.items()
    ]
    cores = [_core(name, ty) for name, ty in functions.items()]
    lines = (
        "(component",
        # A type that an import names is imported itself.
        *(re.sub(r'\(export (\$\S+) (\S+) \(type (\S+)\)\)', r"(import \2 (type \1 (eq \3)))", text)
          for text in names.definitions),
        MEMORY,
        *imports,
        "(core module $code",
        '(import "memory" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))',
        *(declared for declared, _ in cores),
        *(body for _, body in cores),
        ")",
        '(core instance $i (instantiate $code (with "memory" (instance $memory))',
        '  (with "host" (instance',
        *(f'    (export "{name}" (func ${name}))' for name in functions),
        "  ))))",
        *(
            f'(func (export "{name}") (param "value" {ty}) (result {ty})'
            f' (canon lift (core func $i "{name}") {OPTIONS}'
            f" {FREE if len(flatten(functions[name])) > 1 else ''}))"
            for name, ty in written.items()
        ),
        ")",
    )  # fmt: skip
    return "\n  ".join(lines)


def _core(name: str, ty: WitType) -> tuple[str, str]:
    """The import of the core module, and the function that calls it."""
    flat = flatten(ty)
    given = flat if len(flat) <= FLAT_MAX else ["i32"]
    values = " ".join(f"(local.get {n})" for n in range(len(given)))
    params = " ".join(given)
    if len(flat) == 1:
        return (
            f'(import "host" "{name}" (func ${name} (param {params}) (result {flat[0]})))',
            f'(func (export "{name}") (param {params}) (result {flat[0]}) (call ${name} {values}))',
        )
    place = f"(i32.const 0) (i32.const 0) (i32.const {align_of(ty)}) (i32.const {size_of(ty)})"
    return (
        f'(import "host" "{name}" (func ${name} (param {params} i32)))',
        f'(func (export "{name}") (param {params}) (result i32) (local $at i32)\n'
        f"      (local.set $at (call $realloc {place}))\n"
        f"      (call ${name} {values} (local.get $at)) (local.get $at))",
    )
