"""The baseline in process: the same component called through the wasmtime package for Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import wasmtime
from wasmtime import component as wasmtime_component

# What a host function is called with: the store, then the arguments.
HostFunctions = Mapping[str, Mapping[str, Callable[..., Any]]]


class WasmtimePy:
    """A component in its default engine; host functions by interface, then name."""

    def __init__(self, data: bytes, functions: HostFunctions | None = None) -> None:
        self._engine = wasmtime.Engine()
        self._component = wasmtime_component.Component(self._engine, data)
        self._linker = wasmtime_component.Linker(self._engine)
        for interface, served in (functions or {}).items():
            with self._linker.root() as root, root.add_instance(interface) as instance:
                for name, function in served.items():
                    instance.add_func(name, function)

    def kept(self, name: str) -> Callable[..., Any]:
        """An exported function, in an instance that is made now and kept."""
        function, store = self._instantiate(name)
        return partial(function, store)

    def fresh(self, name: str) -> Callable[..., Any]:
        """An exported function, in a store and an instance made for each call."""

        def call(*arguments: object) -> Any:
            function, store = self._instantiate(name)
            return function(store, *arguments)

        return call

    def _instantiate(self, name: str) -> tuple[wasmtime_component.Func, wasmtime.Store]:
        store = wasmtime.Store(self._engine)
        found = self._linker.instantiate(store, self._component).get_func(store, name)
        if found is None:
            raise LookupError(name)
        return found, store
