"""The baseline in process: the same component called through the wasmtime package for Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import wasmtime
from wasmtime import component as wasmtime_component

BASELINE_NAME = "wasmtime-py"


class WasmtimePy:
    """A component in its default engine. `functions` are called with the arguments alone."""

    def __init__(
        self, data: bytes, functions: Mapping[tuple[str, str], Callable[..., Any]] | None = None
    ) -> None:
        self._engine = wasmtime.Engine()
        self._component = wasmtime_component.Component(self._engine, data)
        self._linker = wasmtime_component.Linker(self._engine)
        for (interface, name), function in (functions or {}).items():
            self._serve(interface, name, function)

    def kept(self, name: str) -> Callable[..., Any]:
        """An exported function, in an instance that is made now and kept."""
        store = wasmtime.Store(self._engine)
        found = self._linker.instantiate(store, self._component).get_func(store, name)
        assert found is not None
        return lambda *arguments: found(store, *arguments)

    def fresh(self, name: str) -> Callable[..., Any]:
        """An exported function, in a store and an instance made for each call."""

        def call(*arguments: object) -> Any:
            store = wasmtime.Store(self._engine)
            found = self._linker.instantiate(store, self._component).get_func(store, name)
            assert found is not None
            return found(store, *arguments)

        return call

    def _serve(self, interface: str, name: str, function: Callable[..., Any]) -> None:
        with self._linker.root() as root, root.add_instance(interface) as instance:
            instance.add_func(name, lambda _store, *arguments: function(*arguments))
