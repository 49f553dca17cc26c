"""Component files with a manifest in them, and one that takes its time to be compiled."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from guests import component, guest

from innkeeper.contracts.sections import custom_section
from innkeeper.engine.apart import APART_BYTES_MIN
from innkeeper.plugins.manifest import SECTION


def plugin_file(name: str, directory: Path, **limits: float) -> Path:
    """Write `<name>.wasm`: the guest of that name with those `[limits]`."""
    return write_plugin(name, guest(name), directory, **limits)


def write_plugin(name: str, binary: bytes, directory: Path, **limits: float) -> Path:
    """Write `<name>.wasm`: a component, with a manifest that gives it the name and `[limits]`."""
    lines = ["[plugin]", f'name = "{name}"', 'version = "1.0.0"', "[limits]"]
    lines += [f"{key} = {value}" for key, value in limits.items()]
    path = directory / f"{name}.wasm"
    path.write_bytes(binary + custom_section(SECTION, "\n".join(lines).encode()))
    return path


@cache
def slow_to_compile(steps: int) -> bytes:
    """A component that a compiler needs long for; its function `answer` gives 42 at once.

    In a loop whose every step may start it over, 500 variables live on at each branch: the time
    grows with `steps` times 500, about 1 s for 3,000. It is one function, so one core is busy. It
    is as long as what the host compiles in a process of its own.
    """
    padding = custom_section("padding", bytes(APART_BYTES_MIN))
    return component(_slow_text(steps, variables=500)) + padding


def _slow_text(steps: int, *, variables: int) -> str:
    body = "\n".join(
        f"(br_if $again (i64.eqz (local.tee {step * 7 % variables} (i64.add"
        f" (local.get {step * 5 % variables}) (local.get {step * 3 % variables})))))"
        for step in range(steps)
    )
    return f"""
    (component
      (core module $code
        (func (export "long") (local {"i64 " * variables}) (loop $again {body}))
        (func (export "answer") (result i32) (i32.const 42)))
      (core instance $i (instantiate $code))
      (func (export "answer") (result u32) (canon lift (core func $i "answer"))))
    """
