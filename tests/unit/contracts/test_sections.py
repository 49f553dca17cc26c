from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from innkeeper.contracts.sections import (
    COMPONENT_PREAMBLE,
    MODULE_PREAMBLE,
    SECTIONS_MAX,
    custom_section,
    custom_sections,
    kind_of,
)
from innkeeper.errors import ContractError


def sections(data: bytes) -> list[tuple[str, bytes]]:
    return [(name, bytes(content)) for name, content in custom_sections(data)]


def invalid(data: bytes) -> str:
    with pytest.raises(ContractError) as refused:
        sections(data)
    assert refused.value.code == "component_invalid"
    return str(refused.value)


def test_the_preamble_tells_components_from_modules() -> None:
    assert kind_of(COMPONENT_PREAMBLE + b"rest") == "component"
    assert kind_of(MODULE_PREAMBLE) == "module"
    assert kind_of(COMPONENT_PREAMBLE[:-1]) is None
    assert kind_of(b"") is None
    assert kind_of(b"\0asm\x0e\x00\x01\x00") is None


@given(st.lists(st.tuples(st.text(max_size=200), st.binary(max_size=300)), max_size=4))
def test_custom_sections_come_out_as_they_were_written(written: list[tuple[str, bytes]]) -> None:
    data = b"".join(custom_section(name, content) for name, content in written)
    assert sections(COMPONENT_PREAMBLE + data) == written
    assert sections(MODULE_PREAMBLE + data) == written


def test_other_sections_are_stepped_over() -> None:
    other = b"\x07\x03\x00\x01a"  # a type section, whose content is not looked at
    data = COMPONENT_PREAMBLE + other + custom_section("x", b"1") + other
    assert sections(data) == [("x", b"1")]


def test_sections_inside_sections_are_not_seen() -> None:
    inner = COMPONENT_PREAMBLE + custom_section("x", b"1")
    outer = COMPONENT_PREAMBLE + b"\x04" + bytes([len(inner)]) + inner
    assert sections(outer) == []


def test_a_size_may_have_needless_bytes() -> None:
    assert sections(COMPONENT_PREAMBLE + b"\x00\x83\x80\x80\x80\x00\x01xy") == [("x", b"y")]


@pytest.mark.parametrize("data", [b"", b"\0asm", b"garbage!garbage!"])
def test_what_is_no_component_is_invalid(data: bytes) -> None:
    assert "neither" in invalid(data)


@pytest.mark.parametrize(
    "tail",
    [
        b"\x00",
        b"\x00\x80",
        b"\x00\x80\x80\x80\x80\x10",
        b"\x00\xff\xff\xff\xff\xff\x01",
        b"\x01\xff\xff\xff\xff\x1f",
    ],
)
def test_a_size_cut_off_or_beyond_32_bits_is_invalid(tail: bytes) -> None:
    assert "cut off or beyond 32 bits" in invalid(COMPONENT_PREAMBLE + tail)


@pytest.mark.parametrize("tail", [b"\x00\x01", b"\x01\xff\xff\xff\xff\x0f", b"\x00\x02\x02x"])
def test_a_size_beyond_the_end_is_invalid(tail: bytes) -> None:
    assert "goes beyond what is there" in invalid(COMPONENT_PREAMBLE + tail)


def test_a_custom_section_without_a_name_is_invalid() -> None:
    assert "cut off" in invalid(COMPONENT_PREAMBLE + b"\x00\x00")


def test_a_name_that_is_not_utf8_is_invalid() -> None:
    assert "not UTF-8" in invalid(COMPONENT_PREAMBLE + b"\x00\x02\x01\xff")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tail: bytes) -> None:
    try:
        found = sections(COMPONENT_PREAMBLE + tail)
    except ContractError:
        return
    assert sum(len(content) for _, content in found) <= len(tail)


def test_every_cut_of_a_component_is_read_or_refused() -> None:
    data = COMPONENT_PREAMBLE + custom_section("name", b"content") * 3
    for end in range(len(data)):
        try:
            assert len(sections(data[:end])) <= 3
        except ContractError:
            continue


def test_more_sections_than_any_toolchain_writes_are_refused() -> None:
    data = COMPONENT_PREAMBLE + custom_section("x", b"") * (SECTIONS_MAX + 1)
    with pytest.raises(ContractError, match="more than 10000 sections"):
        list(custom_sections(data))
