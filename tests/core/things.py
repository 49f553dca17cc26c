"""A host that keeps things: the resource of `test:host/things`, by number."""

from typing import Any

from core.driving import THINGS, Handlers


class Shelf:
    """Things by number, from 1 up; what was dropped, and what was asked, in order."""

    def __init__(self) -> None:
        self.things: dict[int, str] = {}
        self.dropped: list[int] = []
        self.asked: list[tuple[Any, ...]] = []
        self._made = 0

    def put(self, label: str) -> int:
        """Keep a thing; its number."""
        self._made += 1
        self.things[self._made] = label
        return self._made

    def functions(self, **instead: Any) -> Handlers:
        """Handlers of every function of the interface; `instead` replaces some by name."""
        handlers = {
            "[constructor]thing": lambda _, label: self.put(label),
            "[method]thing.label": lambda _, number: self.things[number],
            "[static]thing.merge": self._merge,
            "make": lambda _, number: self.put(f"thing {number}"),
            "same": self._same,
            "take": lambda _, number: len(self.things.pop(number)),
            "find": self._find,
            "count": self._count,
        } | instead
        return {(THINGS, name): handler for name, handler in handlers.items()}

    def drops(self) -> Handlers:
        """The handler of what guests drop."""
        return {(THINGS, "thing"): self._drop}

    def _merge(self, _: object, left: int, right: int) -> int:
        return self.put(self.things.pop(left) + self.things.pop(right))

    def _same(self, _: object, one: int, other: int) -> bool:
        self.asked.append((one, other))
        return {one, other} <= set(self.things)

    def _find(self, _: object, label: str) -> int | None:
        return self.put(label) if label else None

    def _count(self, _: object, numbers: list[int]) -> int:
        self.asked.append(tuple(numbers))
        return len(numbers)

    def _drop(self, _: object, number: int) -> None:
        del self.things[number]
        self.dropped.append(number)
