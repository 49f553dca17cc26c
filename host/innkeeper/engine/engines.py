"""The core's engines, made when first needed: by concurrency, fuel, and how they allocate.

All of them compile to the same image, so a component is compiled once for a (concurrency, fuel):

* A *pooled* engine keeps room for `POOLED_INSTANCES` instances of default size ready. A fresh
  instance costs a few microseconds there.
* An *on-demand* engine maps memory for each instance: slower, but for any size and any number.

Memories reserve 64 MiB of addresses and no guard pages: 2 mappings an instance in the pool, 4 or 5
on demand, which is what lets 10,000 guests wait at once (`vm.max_map_count`).

Concurrency (the component model's async ABI) is off unless a component needs it: with it on,
libwasmtime 50.0.1 traps in host functions that get two borrows in one call.
"""

from __future__ import annotations

import hashlib
import mmap
import platform
from pathlib import Path
from typing import Final

import msgspec

from innkeeper.errors import HostFailure
from innkeeper_core.capi import LibraryMismatch, open_library
from innkeeper_core.component import Engine, Pooling

MEMORY_RESERVATION_BYTES: Final = 64 * 1024 * 1024
# A memory that outgrows its reservation is copied to a larger one: this much is added, in addresses
# alone, so that page by page it is not copied each time (80 MiB took 16 s so).
MEMORY_GROWTH_BYTES: Final = 1024 * 1024 * 1024
STACK_BYTES_MAX: Final = 512 * 1024
FIBER_BYTES: Final = 1024 * 1024
POOLED_INSTANCES: Final = 256  # unless the settings say otherwise
POOLED_TABLE_ELEMENTS: Final = 100_000
POOLED_MEMORIES_EACH: Final = 4
POOLED_TABLES_EACH: Final = 20
POOLED_CORE_INSTANCES_EACH: Final = 32
KEEP_RESIDENT_BYTES: Final = 64 * 1024
POINTER_BYTES: Final = 8
ADDRESSES_SPARE_BYTES: Final = 1024 * 1024 * 1024  # for the process to go on with
MAP_NORESERVE: Final = 0x4000  # Linux; Python names it from 3.12 on


class Variant(msgspec.Struct, frozen=True):
    """What code must be compiled for: one image each."""

    concurrency: bool = False
    fuel: bool = False


class Engines:
    """Makes each engine once, when it is first asked for."""

    def __init__(self, pooled_instances: int = POOLED_INSTANCES) -> None:
        self.version = _library_version()
        self._pooled_instances = pooled_instances
        self._made: dict[tuple[Variant, bool], Engine] = {}

    def on_demand(self, variant: Variant) -> Engine:
        """The engine that compiles, and that runs what the pool has no room for."""
        return self._get(variant, pooled=False)

    def pooled(self, variant: Variant) -> Engine:
        """The engine that keeps room ready for instances of default size."""
        return self._get(variant, pooled=True)

    def image_name(self, digest: str, variant: Variant) -> str:
        """The name of an image: component, library, settings and CPU, hashed."""
        settings = (MEMORY_RESERVATION_BYTES, STACK_BYTES_MAX, FIBER_BYTES)
        parts = (digest, self.version, variant, settings, _cpu())
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()

    def _get(self, variant: Variant, *, pooled: bool) -> Engine:
        key = (variant, pooled)
        if key not in self._made:
            pooling = _pooling(self._pooled_instances) if pooled else None
            self._made[key] = new_engine(variant, pooling)
        return self._made[key]


def _library_version() -> str:
    try:
        return open_library()
    except LibraryMismatch as error:
        raise HostFailure(f"the engine cannot run: {error}", code="unavailable") from error


def new_engine(variant: Variant, pooling: Pooling | None = None) -> Engine:
    """An engine with the settings that all of them share."""
    return Engine(
        concurrency=variant.concurrency,
        fuel=variant.fuel,
        pooling=pooling,
        memory_reservation=MEMORY_RESERVATION_BYTES,
        memory_guard=0,
        memory_growth=MEMORY_GROWTH_BYTES,
        stack_bytes_max=STACK_BYTES_MAX,
        fiber_bytes=FIBER_BYTES,
    )


def _pooling(instances: int) -> Pooling:
    _check_addresses(instances)
    return Pooling(
        instances=instances,
        memory_bytes_max=MEMORY_RESERVATION_BYTES,
        table_elements_max=POOLED_TABLE_ELEMENTS,
        core_instances_per_component=POOLED_CORE_INSTANCES_EACH,
        memories_per_component=POOLED_MEMORIES_EACH,
        tables_per_component=POOLED_TABLES_EACH,
        keep_resident_bytes=KEEP_RESIDENT_BYTES,
    )


def _check_addresses(instances: int) -> None:
    """Raises MemoryError where the pool's addresses are not to be had (`ulimit -v`, a small address
    space): libwasmtime aborts the process then."""
    memories = POOLED_MEMORIES_EACH * MEMORY_RESERVATION_BYTES
    tables = POOLED_TABLES_EACH * POOLED_TABLE_ELEMENTS * POINTER_BYTES
    size = instances * (memories + tables + FIBER_BYTES)
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE
    try:
        mmap.mmap(-1, size + ADDRESSES_SPARE_BYTES, flags=flags, prot=0).close()
    except OSError as error:
        raise MemoryError(f"no {size} bytes of addresses for {instances} instances") from error


def _cpu() -> str:
    """The CPU's features: code compiled for more of them must not run on less."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    features = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return f"{platform.machine()} {' '.join(sorted(features.partition(':')[2].split()))}"
