"""A component made ready to run: compiled, its imports bound, loaded into its engines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final

import msgspec

from innkeeper.errors import ContractError
from innkeeper_core.component import Component, Function, InvalidComponent, Linker
from innkeeper_core.values import FunctionType
from innkeeper_core.world import Items

Handler = Callable[..., Any]  # called with (context, *arguments as the WIT type says)
Name = tuple[str | None, str]  # (interface, or None at the root; function or resource)

MEMORIES_MAX: Final = 16
POOL_RETRY_S: Final = 0.1
IMPORTS_NAMED_MAX: Final = 200  # in one error; the whole of WASI 0.2 has 175 functions
NAME_CHARS_MAX: Final = 256

_log = logging.getLogger(__name__)


class Imports(msgspec.Struct, frozen=True):
    """What the host serves to guests."""

    functions: Mapping[Name, Handler] = {}
    drops: Mapping[Name, Handler] = {}


class Loaded:
    """A component in one engine, with its linker and the functions called so far."""

    def __init__(self, component: Component, imports: Imports) -> None:
        self.linker = Linker(component, imports.functions, imports.drops)
        self._component = component
        self._functions: dict[Name, Function] = {}

    def function(self, name: Name) -> Function:
        """The export of that name."""
        found = self._functions.get(name)
        if found is None:
            found = self._functions[name] = self._component.function(*name)
        return found


class Program:
    """A component ready to run. `memories` counts those one instance has: they share its limit."""

    def __init__(
        self,
        component: Component,
        imports: Imports,
        *,
        pooled: Callable[[], Component] | None,
    ) -> None:
        self.imports: Items = component.imports
        self.exports: Items = component.exports
        self.on_demand = Loaded(component, imports)
        self.memories = 1
        self._served = imports
        self._load_pooled = pooled
        self._pooled: Loaded | None = None
        self._pool_full_until_s = 0.0

    def check_imports(self, subject: str) -> None:
        """Raises ContractError, listing what nobody serves."""
        missing = self.on_demand.linker.missing
        if not missing:
            return
        future = [name for name in missing if name.startswith("wasi:") and "@0.3" in name]
        what = "WASI 0.3 is not supported" if future else "imports that nobody serves"
        names = [name[:NAME_CHARS_MAX] for name in (future or missing)[:IMPORTS_NAMED_MAX]]
        more = len(future or missing) - len(names)
        raise ContractError(
            f"{subject}: {what}: {', '.join(names)}" + (f" and {more} more" if more else ""),
            code="component_unsupported" if future else "import_unsatisfied",
            details={"imports": names},
        )

    def pooled(self) -> Loaded | None:
        """The component in the pooled engine; None where it does not fit there, or where this
        process has no room for that engine (it reserves addresses by the gigabyte)."""
        if self._pooled is None and self._load_pooled is not None:
            try:
                self._pooled = Loaded(self._load_pooled(), self._served)
            except (InvalidComponent, OSError, MemoryError, RuntimeError) as error:
                _log.debug("the pooled engine is not used: %s", error)
                self._load_pooled = None
        return self._pooled

    @property
    def pool_is_full(self) -> bool:
        """Whether the pooled engine was full a moment ago."""
        return self._pool_full_until_s > monotonic()

    def leave_pool_for_now(self) -> None:
        """Use the on-demand engine for a while: the pooled one has no room."""
        self._pool_full_until_s = monotonic() + POOL_RETRY_S

    def leave_pool(self) -> None:
        """From now on, use the on-demand engine alone: the component does not fit the pool."""
        self._load_pooled = None
        self._pooled = None


def exported_functions(exports: Items) -> dict[Name, FunctionType]:
    """Every exported function, at the root or in an interface."""
    found: dict[Name, FunctionType] = {(None, name): t for name, t in exports.functions.items()}
    for interface, items in exports.interfaces.items():
        found |= {(interface, name): t for name, t in items.functions.items()}
    return found
