"""The epoch ticker: one C thread that ends every guest's time slice, for all engines.

It runs while a guest runs and a short while after; with no guest running it sleeps, and an idle
host is not woken by it at all.
"""

TICK_S: float

def ticks() -> int:
    """How often the thread has ticked since the process began."""
