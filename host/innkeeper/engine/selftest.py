"""A check of libwasmtime itself: does a host function get two borrows in one call?

50.0.1 traps there with concurrency on ("deferred host scope has no call context"), which is why it
is off by default (decision 002). The check says whether the remedy works, and when it is no longer
needed: a component that is given a resource and lends it twice in one call.
"""

from __future__ import annotations

from typing import Final

from innkeeper_core.capi import wat_to_wasm
from innkeeper_core.component import (
    PENDING,
    CannotInstantiate,
    Component,
    Engine,
    Instance,
    InvalidComponent,
    LimitHit,
    Limits,
    Linker,
    Trap,
)

INTERFACE: Final = "innkeeper:selftest/things"

TWO_BORROWS: Final = f"""
(component
  (import "{INTERFACE}" (instance $things
    (export "thing" (type $thing (sub resource)))
    (export "make" (func (result (own $thing))))
    (export "same" (func (param "a" (borrow $thing)) (param "b" (borrow $thing)) (result bool)))))
  (core func $make (canon lower (func $things "make")))
  (core func $same (canon lower (func $things "same")))
  (core module $m
    (import "h" "make" (func $make (result i32)))
    (import "h" "same" (func $same (param i32 i32) (result i32)))
    (func (export "run") (result i32)
      (local $t i32)
      (local.set $t (call $make))
      (call $same (local.get $t) (local.get $t))))
  (core instance $h (export "make" (func $make)) (export "same" (func $same)))
  (core instance $i (instantiate $m (with "h" (instance $h))))
  (func (export "run") (result bool) (canon lift (core func $i "run"))))
"""


def two_borrows(engine: Engine) -> str | None:
    """None where a host function gets two borrows in one call; else what went wrong."""
    try:
        return _run(engine.compile(wat_to_wasm(TWO_BORROWS)))
    except (CannotInstantiate, InvalidComponent, LimitHit, Trap) as error:
        return str(error)


def _run(component: Component) -> str | None:
    linker = Linker(
        component,
        {(INTERFACE, "make"): lambda _: 7, (INTERFACE, "same"): lambda _, a, b: a == b == 7},
        {(INTERFACE, "thing"): lambda _, number: None},
    )
    instance = Instance(linker, Limits())
    try:
        _finish(instance, instance.instantiate())
        answer = _finish(instance, instance.invoke(component.function(None, "run"), ()))
    finally:
        instance.close()
    return None if answer is True else "the borrows did not arrive as they were lent"


def _finish(instance: Instance, outcome: object) -> object:
    while outcome is PENDING:
        outcome = instance.step()
    return outcome
