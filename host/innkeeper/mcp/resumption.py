"""Running a coroutine's first step without a task for it.

Most calls finish without waiting for anything. They are run on the spot, by the task that reads:
`first_step` sends the coroutine its first None. If it finishes, that is all. If it suspends, what
it yielded is meant for the Trio task it ran in, which is the caller's: the caller has to await
`rest_of` before it yields anything else, and is that coroutine's task from then on.
"""

from __future__ import annotations

import types
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")

# Any below: what travels between a coroutine and the loop is Trio's private matter.


class Suspended(Generic[_T]):
    """A coroutine that waits for something, and what it yielded to say so."""

    __slots__ = ("coroutine", "trap")

    def __init__(self, coroutine: Coroutine[Any, Any, _T], trap: Any) -> None:
        self.coroutine = coroutine
        self.trap = trap


def first_step(coroutine: Coroutine[Any, Any, _T]) -> _T | Suspended[_T]:
    """The coroutine's result, or the suspended coroutine."""
    try:
        trap = coroutine.send(None)
    except StopIteration as finished:
        result: _T = finished.value
        return result
    return Suspended(coroutine, trap)


@types.coroutine
def rest_of(suspended: Suspended[_T]) -> Generator[Any, Any, _T]:
    """Run a suspended coroutine to its end, in the task that took its first step."""
    coroutine, trap = suspended.coroutine, suspended.trap
    while True:
        try:
            try:
                sent = yield trap
            except BaseException as error:  # not ours to judge: the coroutine gets all of them
                trap = coroutine.throw(error)
            else:
                trap = coroutine.send(sent)
        except StopIteration as finished:
            result: _T = finished.value
            return result
