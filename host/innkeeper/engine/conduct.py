"""Where the functions of a plugin run, learned from how they behave.

A function runs on the event loop's thread until it computes for longer than a few slices; then in a
worker thread, until it is quick again. There is a third place: libwasmtime copies a result out
within one slice, all of it, before anybody can look at its size. A list can make 250 MB of a few
kilobytes of guest memory (one string named a hundred times; 32 bytes for each small number). So a
function that may give or pass on a list runs *alone*, in a worker and never while another such
copy is made, until it has once answered within its limits; and for good once it went over them.
"""

from __future__ import annotations

from enum import Enum

from innkeeper.engine.program import Name, Program, exported_functions
from innkeeper_core.values import Type
from innkeeper_core.world import Items


class Place(Enum):
    """Where a call runs."""

    LOOP = "on the event loop's thread, in slices"
    WORKER = "in a worker thread"
    ALONE = "in a worker thread, and no other copy of a result is made meanwhile"


class Conduct:
    """What is known of the functions of one plugin."""

    def __init__(self, program: Program) -> None:
        self._unproven = _functions_with_lists(program)
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


def _functions_with_lists(program: Program) -> set[Name]:
    """Those that may have a list copied out: as their result, or as an argument to the host."""
    functions = exported_functions(program.exports)
    if any(
        _passes_lists(items) for items in (program.imports, *program.imports.interfaces.values())
    ):
        return set(functions)
    return {name for name, type_ in functions.items() if _has_list(type_.result)}


def _passes_lists(items: Items) -> bool:
    return any(_has_list(t) for type_ in items.functions.values() for _, t in type_.params)


def _has_list(type_: Type | None) -> bool:
    return type_ is not None and (type_.kind in ("list", "map") or any(map(_has_list, type_.types)))
