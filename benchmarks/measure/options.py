"""How much is measured."""

from __future__ import annotations

from typing import Final

import msgspec

REPEATS_MIN: Final = 5  # fewer turns say little on a machine that does other things too
REPEATS: Final = 9
QUICK_SHARE: Final = 10
COUNT_MIN: Final = 10


class Options(msgspec.Struct, frozen=True):
    """How much is measured: how often each side has its turn, and how much it does in one.

    `quick` does a tenth in each turn, and as few turns as are allowed: it shows that a benchmark
    runs, its figures are rough.
    """

    quick: bool = False
    repeats: int = REPEATS

    def count(self, full: int) -> int:
        """The operations of one turn, where a full one has so many."""
        return max(min(full, COUNT_MIN), full // QUICK_SHARE) if self.quick else full

    def seconds(self, full: float) -> float:
        """The seconds of one turn, where a full one lasts so many."""
        return full / 2 if self.quick else full

    @classmethod
    def of(cls, *, quick: bool) -> Options:
        """What `innkeeper bench NAME`, or `--quick`, asks for."""
        return cls(quick=True, repeats=REPEATS_MIN) if quick else cls()
