"""A guest's messages to the host's log."""

import logging
from typing import NamedTuple

import pytest

from innkeeper.capabilities import log
from innkeeper.capabilities.log import INTERFACE, MESSAGE_CHARACTERS_MAX, write


class Guest(NamedTuple):
    plugin: str = "hello"


def written(
    caplog: pytest.LogCaptureFixture, message: str, level: str = "info"
) -> logging.LogRecord:
    with caplog.at_level(1, "innkeeper.guest"):
        write(Guest(), level, message)
    return caplog.records[-1]


def test_a_message_is_logged_under_the_name_of_the_plugin(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = written(caplog, "hi there, ü 🏠")
    assert (found.name, found.getMessage()) == ("innkeeper.guest.hello", "hi there, ü 🏠")


LEVELS = [
    ("trace", 5),
    ("debug", logging.DEBUG),
    ("info", logging.INFO),
    ("warn", logging.WARNING),
    ("error", logging.ERROR),
]


@pytest.mark.parametrize(("level", "number"), LEVELS)
def test_a_message_has_its_level(caplog: pytest.LogCaptureFixture, level: str, number: int) -> None:
    assert written(caplog, "x", level).levelno == number


def test_a_message_below_the_level_of_the_log_is_dropped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "innkeeper.guest"):
        write(Guest(), "info", "x")
    assert caplog.records == []


@pytest.mark.parametrize(
    "text",
    ["a\nINFO forged", "a\r", "\x1b[2J", "\x00", "\x7f", "\x9b31m", "\u202e", "\u2028", "\t", "\a"],
)
def test_a_control_character_is_escaped(caplog: pytest.LogCaptureFixture, text: str) -> None:
    message = written(caplog, text).getMessage()
    assert message.isprintable()
    assert message == "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )


def test_a_long_message_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    assert len(written(caplog, "x" * 1_000_000).getMessage()) == MESSAGE_CHARACTERS_MAX


def test_a_long_message_of_control_characters_stays_bounded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    message = written(caplog, "\U000e0001" * 1_000_000).getMessage()
    assert len(message) <= MESSAGE_CHARACTERS_MAX * len("\\U000e0001")


def test_a_message_is_no_format(caplog: pytest.LogCaptureFixture) -> None:
    assert written(caplog, "%s %d {}").getMessage() == "%s %d {}"


def test_the_interface_offers_write_alone() -> None:
    assert list(log.FUNCTIONS) == [(INTERFACE, "write")]
