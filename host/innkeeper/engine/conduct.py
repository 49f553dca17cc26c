"""Where the functions of a plugin run, learned from how they behave.

A function runs on the event loop's thread until it computes for longer than a few slices; then in a
worker thread, until it is quick again. There is a third place: libwasmtime copies a result out
within one slice, all of it, before anybody can look at its size. A list can make 250 MB of a few
kilobytes of guest memory (one string named a hundred times; 32 bytes for each small number), and so
can a tuple or record of many strings. So a function that may give or pass on such a value runs
*alone*, in a worker and never while another such copy is made, until it has once answered within
its limits; and for good once it went over them.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from math import inf
from typing import Final

from innkeeper.engine.program import Name, Program, exported_functions
from innkeeper_core.values import Type
from innkeeper_core.world import Items

STRINGS_MAX: Final = 8  # in one value that is not taken for a large one


class Place(Enum):
    """Where a call runs."""

    LOOP = "on the event loop's thread, in slices"
    WORKER = "in a worker thread"
    ALONE = "in a worker thread, and no other copy of a result is made meanwhile"


class Conduct:
    """What is known of the functions of one plugin."""

    def __init__(self, program: Program) -> None:
        self._unproven = _copying_much(program)
        self._computing: set[Name] = set()
        self._too_large: set[Name] = set()

    def place(self, function: Name) -> Place:
        """Where to run it next."""
        if function in self._too_large or function in self._unproven:
            return Place.ALONE
        return Place.WORKER if function in self._computing else Place.LOOP

    def answered(self, function: Name) -> None:
        """It answered within its limits."""
        self._unproven.discard(function)

    def computed(self, function: Name, *, long: bool) -> None:
        """It computed for long, or it did not."""
        (self._computing.add if long else self._computing.discard)(function)

    def went_over(self, function: Name) -> None:
        """What it gave was too large."""
        self._too_large.add(function)


def _copying_much(program: Program) -> set[Name]:
    """Those that may have much copied out: as their result, or as arguments to the host."""
    functions = exported_functions(program.exports)
    if any(
        _passes_much(items) for items in (program.imports, *program.imports.interfaces.values())
    ):
        return set(functions)
    return {name for name, type_ in functions.items() if _may_be_much([type_.result])}


def _passes_much(items: Items) -> bool:
    return any(_may_be_much(t for _, t in type_.params) for type_ in items.functions.values())


def _may_be_much(types: Iterable[Type | None]) -> bool:
    """Whether values of these types may be many times what they take in the guest's memory."""
    return sum(map(_strings, types)) > STRINGS_MAX


def _strings(type_: Type | None) -> float:
    """How many strings a value may hold; one in a list is without bound."""
    if type_ is None:
        return 0
    if type_.kind in ("list", "map"):
        return inf
    return 1 if type_.kind == "string" else sum(map(_strings, type_.types))
