"""What one plugin may use: safe defaults, every one enforced, each with its own error code."""

from __future__ import annotations

from math import inf

import msgspec


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The limits of one plugin, as its manifest's `[limits]` asks for them.

    0 switches a limit off where that is safe: fuel, host calls a second. Bytes are bytes of guest
    memory, of text and scalars in arguments (input) and results (output). `wall_s` is the time of
    one call, waiting in host calls included.
    """

    memory_bytes_max: int = 64 * 1024 * 1024
    wall_s: float = 5.0
    fuel_max: int = 0
    output_bytes_max: int = 1024 * 1024
    input_bytes_max: int = 1024 * 1024
    host_calls_max: int = 1_000_000
    host_calls_per_s: float = 0
    concurrency_max: int = 8
    table_elements_max: int = 100_000
    instances_max: int = 64

    def __post_init__(self) -> None:
        for name in (
            "memory_bytes_max",
            "output_bytes_max",
            "input_bytes_max",
            "host_calls_max",
            "concurrency_max",
            "table_elements_max",
            "instances_max",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if not 0 < self.wall_s <= 86_400:
            raise ValueError("wall_s must be more than 0 and at most 86400")
        if not 0 <= self.fuel_max < 1 << 63:
            raise ValueError("fuel_max must not be negative, nor of more than 63 bits")
        if not 0 <= self.host_calls_per_s < inf:
            raise ValueError("host_calls_per_s must be a number of at least 0")
