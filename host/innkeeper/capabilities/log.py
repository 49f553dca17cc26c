"""innkeeper:capabilities/log: a guest's messages to the host's log.

Every plugin may log: a message goes nowhere but to the host's own logging, under
`innkeeper.guest.<plugin>`, cut at `MESSAGE_CHARACTERS_MAX`, control characters escaped. How often
is bounded by the plugin's limits on host calls.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, Protocol

INTERFACE: Final = "innkeeper:capabilities/log@0.1.0-draft"
MESSAGE_CHARACTERS_MAX: Final = 4096

_LEVELS: Final = {
    "trace": 5,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}


class Guest(Protocol):
    """Who logs."""

    @property
    def plugin(self) -> str: ...


def write(guest: Guest, level: str, message: str) -> None:
    """`write: func(level: level, message: string)`."""
    logger = logging.getLogger(f"innkeeper.guest.{guest.plugin}")
    if logger.isEnabledFor(_LEVELS[level]):
        logger.log(_LEVELS[level], "%s", _printable(message[:MESSAGE_CHARACTERS_MAX]))


def _printable(text: str) -> str:
    """One line that cannot forge another, nor drive a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


FUNCTIONS: Final[dict[tuple[str | None, str], Callable[..., None]]] = {(INTERFACE, "write"): write}
