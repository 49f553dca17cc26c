"""Text for a terminal: whatever a guest says, it cannot steer it."""

import shutil
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from innkeeper.cli.text import first_line, json_line, json_text, plain, table


@given(st.text())
def test_plain_text_is_printable(text: str) -> None:
    assert plain(text).isprintable()


def test_a_control_character_is_written_out() -> None:
    assert plain("a\x1b[2Jb\u202e") == "a\\x1b[2Jb\\u202e"


def test_the_first_line_is_plain_and_trimmed() -> None:
    assert first_line("\n  one\x07 \r\ntwo") == "one\\x07"


@given(st.text())
def test_json_says_the_same_without_control_characters(text: str) -> None:
    for written in (json_text([text]), json_line([text])):
        assert msgspec.json.decode(written) == [text]
        assert not {"\x1b", "\x7f", "\x9b", "\u202e"} & set(written)


def test_a_table_has_aligned_columns() -> None:
    assert table(("A", "BB", "C"), [("x", "y", "long"), ("xxx", "y", "")]) == (
        "A    BB  C\nx    y   long\nxxx  y"
    )


def test_a_table_without_rows_is_its_header() -> None:
    assert table(("A", "B"), []) == "A  B"


def test_on_a_terminal_the_last_column_is_cut_to_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    assert shutil.get_terminal_size().columns == 30
    last = table(("A", "B"), [("x", "y" * 100)]).splitlines()[-1]
    assert last == "x  " + "y" * 26 + "…"
