"""Compiled images: written, and loaded through a descriptor."""

import os
from pathlib import Path

import pytest
from core.driving import call, compiled, engine, started
from guests import guest

from innkeeper_core.component import Engine, InvalidComponent


def load(path: Path, *, into: Engine | None = None) -> object:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return (into or engine()).load(descriptor)
    finally:
        os.close(descriptor)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "echo.image"
    path.write_bytes(compiled("echo").serialize())
    return path


def test_an_image_is_the_component_it_was_written_from(image: Path) -> None:
    descriptor = os.open(image, os.O_RDONLY)
    echo = engine().load(descriptor)
    os.close(descriptor)
    assert echo.exports.functions == compiled("echo").exports.functions
    assert call(started(echo), echo, "echo", "hi") == "hi"


def test_an_image_serves_after_its_file_is_gone(image: Path) -> None:
    descriptor = os.open(image, os.O_RDONLY)
    image.unlink()
    echo = engine().load(descriptor)
    os.close(descriptor)
    assert call(started(echo), echo, "echo", "hi") == "hi"


def test_an_image_is_loaded_from_the_file_that_was_opened(image: Path) -> None:
    descriptor = os.open(image, os.O_RDONLY)
    image.rename(image.with_suffix(".old"))
    image.write_bytes(b"something else")
    echo = engine().load(descriptor)
    os.close(descriptor)
    assert call(started(echo), echo, "add", 1, 2) == 3


def test_an_image_of_a_memory_file_is_loaded() -> None:
    descriptor = os.memfd_create("image")
    os.write(descriptor, compiled("counter").serialize())
    counter = engine().load(descriptor)
    os.close(descriptor)
    assert call(started(counter), counter, "next") == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        bytes(100_000),
        guest("echo"),
        guest("core-module"),
        b"\x7fELF" + bytes(5_000),
    ],
    ids=["empty", "text", "zeros", "component", "module", "elf"],
)
def test_what_is_not_an_image_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(InvalidComponent):
        load(path)


def test_an_image_cut_short_is_refused(image: Path) -> None:
    whole = image.read_bytes()
    for size in (10, 64, 1_000, len(whole) // 2):
        image.write_bytes(whole[:size])
        with pytest.raises(InvalidComponent):
            load(image)


@pytest.mark.parametrize("descriptor", [-1, 100_000, 1 << 31])
def test_a_descriptor_that_is_not_open_is_refused(descriptor: int) -> None:
    with pytest.raises((InvalidComponent, OverflowError)):
        engine().load(descriptor)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidComponent):
        load(tmp_path)


@pytest.mark.parametrize(
    "settings", [{"fuel": True}, {"memory_reservation": 1 << 20}, {"memory_guard": 1 << 16}]
)
def test_an_image_of_an_engine_with_other_settings_is_refused(
    image: Path, settings: dict[str, int]
) -> None:
    same = {"memory_reservation": 64 << 20, "memory_guard": 0, "memory_growth": 64 << 20}
    assert load(image, into=Engine(**same)) is not None  # type: ignore[arg-type]
    with pytest.raises(InvalidComponent, match="compiled with"):
        load(image, into=Engine(**same | settings))  # type: ignore[arg-type]


def test_an_image_can_be_written_again(image: Path) -> None:
    descriptor = os.open(image, os.O_RDONLY)
    assert engine().load(descriptor).serialize() == image.read_bytes()
    os.close(descriptor)
