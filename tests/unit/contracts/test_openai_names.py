from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from innkeeper.contracts.openai_names import ids_by_openai_name, openai_name

ALLOWED = re.compile(r"[A-Za-z0-9_-]{1,64}")
IDS = st.text(max_size=100) | st.text("ab._-", max_size=12)


@pytest.mark.parametrize(
    ("tool_id", "name"),
    [
        ("hello.greet", "hello__greet"),
        ("files.notes.find-all", "files__notes__find-all"),
        ("my_tool.run", "my_tool__run"),
    ],
)
def test_an_ordinary_id_is_readable_as_a_name(tool_id: str, name: str) -> None:
    assert openai_name(tool_id) == name


def test_a_long_id_is_cut_and_ends_with_a_digest() -> None:
    name = openai_name("plugin." + "f" * 100)
    assert re.fullmatch(r"plugin__f{39}_[0-9a-f]{16}", name)
    assert len(name) == 64


def test_an_id_that_reads_like_the_name_of_another_gets_its_own() -> None:
    other = openai_name("plugin." + "f" * 100)
    assert openai_name(other.replace("__", ".")) != other
    assert openai_name("a__b") != openai_name("a.b")


@given(IDS)
def test_every_name_is_allowed(tool_id: str) -> None:
    assert ALLOWED.fullmatch(openai_name(tool_id))


@given(st.sets(IDS))
def test_names_lead_back_to_their_ids(tool_ids: set[str]) -> None:
    table = ids_by_openai_name(tool_ids)
    assert {table[openai_name(tool_id)] for tool_id in tool_ids} == tool_ids


def test_an_id_of_an_unreadable_file_name_has_a_name() -> None:
    assert ALLOWED.fullmatch(openai_name("caf\udce9.greet"))
