"""The cache of compiled images: what is sealed opens, and nothing else does."""

import hashlib
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from innkeeper.engine import images as module
from innkeeper.engine.images import Images
from innkeeper.errors import HostFailure

NAME = hashlib.sha256(b"a component").hexdigest()
OTHER = hashlib.sha256(b"another").hexdigest()
IMAGE = bytes(range(256)) * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "images"


@pytest.fixture
def images(folder: Path) -> Images:
    found = Images(folder)
    found.save(NAME, IMAGE)
    return found


def content(images: Images, name: str = NAME) -> bytes | None:
    descriptor = images.open(name)
    if descriptor is None:
        return None
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return file.read()


def is_hashed(images: Images) -> bool:
    """Whether opening reads the image: its descriptor is then left at the end."""
    descriptor = images.open(NAME)
    assert descriptor is not None
    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.close(descriptor)
    assert position in (0, len(IMAGE))
    return position > 0


def overwrite(path: Path, at: int, change: int = 1) -> None:
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[at] ^= change
    path.write_bytes(data)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# What was sealed comes back.


def test_an_image_that_was_saved_opens(images: Images) -> None:
    assert content(images) == IMAGE


def test_an_image_opens_in_another_process_of_the_same_state(images: Images, folder: Path) -> None:
    assert content(Images(folder)) == IMAGE


def test_an_image_that_nobody_saved_is_not_there(images: Images) -> None:
    assert images.open(OTHER) is None


def test_an_image_is_not_hashed_again_after_it_was_saved(images: Images) -> None:
    assert not is_hashed(images)


def test_a_touched_image_is_hashed_once_more_and_not_again(images: Images, folder: Path) -> None:
    os.utime(folder / f"{NAME}.image")
    assert [is_hashed(images), is_hashed(images), is_hashed(Images(folder))] == [True, False, False]


def test_an_image_restored_from_a_copy_is_hashed_and_opens(images: Images, folder: Path) -> None:
    image = folder / f"{NAME}.image"
    (folder / "copy").write_bytes(image.read_bytes())
    (folder / "copy").replace(image)
    assert [is_hashed(images), is_hashed(images)] == [True, False]


def test_an_image_is_hashed_each_time_where_its_seal_cannot_be_renewed(
    images: Images, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(folder / f"{NAME}.image")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert [is_hashed(images), is_hashed(images)] == [True, True]


def test_saving_again_replaces_an_image(images: Images) -> None:
    images.save(NAME, b"newer")
    assert content(images) == b"newer"


def test_a_discarded_image_is_not_there(images: Images, folder: Path) -> None:
    images.discard(NAME)
    assert images.open(NAME) is None
    assert files(folder) == {"key"}


def test_only_this_user_may_read_the_key_and_enter_the_folder(images: Images, folder: Path) -> None:
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


# What was tampered with does not.


@pytest.mark.parametrize("at", [0, len(IMAGE) // 2, len(IMAGE) - 1])
def test_an_image_with_one_bit_flipped_is_refused_and_removed(
    images: Images, folder: Path, at: int
) -> None:
    overwrite(folder / f"{NAME}.image", at)
    assert images.open(NAME) is None
    assert files(folder) == {"key"}


@pytest.mark.parametrize("size", [0, 1, len(IMAGE) - 1])
def test_a_truncated_image_is_refused(images: Images, folder: Path, size: int) -> None:
    (folder / f"{NAME}.image").chmod(0o600)
    os.truncate(folder / f"{NAME}.image", size)
    assert images.open(NAME) is None


def test_an_image_with_more_at_its_end_is_refused(images: Images, folder: Path) -> None:
    path = folder / f"{NAME}.image"
    path.chmod(0o600)
    path.write_bytes(IMAGE + b"\0")
    assert images.open(NAME) is None


def test_a_seal_with_any_bit_flipped_is_refused(images: Images, folder: Path) -> None:
    path = folder / f"{NAME}.seal"
    sealed = path.read_bytes()
    for at in range(len(sealed)):
        path.write_bytes(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :])
        assert images.open(NAME) is None, at
    path.write_bytes(sealed)
    assert content(images) == IMAGE


@pytest.mark.parametrize("text", [b"", b"\n", b"{}", b"x" * 100_000, b"\xff\n\xff"])
def test_a_seal_that_is_none_is_refused(images: Images, folder: Path, text: bytes) -> None:
    (folder / f"{NAME}.seal").write_bytes(text)
    assert images.open(NAME) is None


def test_an_image_without_its_seal_is_not_there(images: Images, folder: Path) -> None:
    (folder / f"{NAME}.seal").unlink()
    assert images.open(NAME) is None


def test_an_image_under_the_name_of_another_is_refused(images: Images, folder: Path) -> None:
    for kind in ("image", "seal"):
        (folder / f"{NAME}.{kind}").rename(folder / f"{OTHER}.{kind}")
    assert images.open(OTHER) is None


def test_an_image_swapped_for_another_sealed_one_is_refused(images: Images, folder: Path) -> None:
    images.save(OTHER, b"quite another program")
    (folder / f"{OTHER}.image").replace(folder / f"{NAME}.image")
    assert images.open(NAME) is None


def test_an_image_sealed_with_another_key_is_refused(images: Images, folder: Path) -> None:
    (folder / "key").write_bytes(b"k" * 32)
    assert Images(folder).open(NAME) is None


def test_an_image_refused_can_be_saved_anew(images: Images, folder: Path) -> None:
    overwrite(folder / f"{NAME}.image", 7)
    assert images.open(NAME) is None
    images.save(NAME, IMAGE)
    assert content(images) == IMAGE


def test_the_file_swapped_after_it_was_opened_is_not_what_is_loaded(
    images: Images, folder: Path
) -> None:
    descriptor = images.open(NAME)
    assert descriptor is not None
    (folder / "evil").write_bytes(b"evil")
    (folder / "evil").replace(folder / f"{NAME}.image")
    with os.fdopen(descriptor, "rb") as file:
        assert Path(f"/proc/self/fd/{file.fileno()}").read_bytes() == IMAGE


# What is no plain file is not followed, waited for, or stumbled over.


def put_link(path: Path, aside: Path) -> None:
    path.rename(aside)
    path.symlink_to(aside)


def put_fifo(path: Path, aside: Path) -> None:
    path.rename(aside)
    os.mkfifo(path)


def put_folder(path: Path, aside: Path) -> None:
    path.rename(aside)
    path.mkdir()


@pytest.mark.parametrize("put", [put_link, put_fifo, put_folder])
def test_what_stands_in_place_of_an_image_is_refused(
    images: Images, folder: Path, tmp_path: Path, put: object
) -> None:
    assert callable(put)
    put(folder / f"{NAME}.image", tmp_path / "aside")
    assert images.open(NAME) is None


@pytest.mark.parametrize("put", [put_link, put_fifo, put_folder])
def test_what_stands_in_place_of_a_seal_is_refused(
    images: Images, folder: Path, tmp_path: Path, put: object
) -> None:
    assert callable(put)
    put(folder / f"{NAME}.seal", tmp_path / "aside")
    assert images.open(NAME) is None


@pytest.mark.parametrize("put", [put_link, put_fifo, put_folder])
def test_what_stands_in_place_of_the_key_is_refused(
    images: Images, folder: Path, tmp_path: Path, put: object
) -> None:
    assert callable(put)
    put(folder / "key", tmp_path / "aside")
    with pytest.raises((HostFailure, OSError)):
        Images(folder)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622, 0o644])
def test_a_key_that_others_may_touch_is_refused(images: Images, folder: Path, mode: int) -> None:
    (folder / "key").chmod(mode)
    with pytest.raises(HostFailure, match="mode 0600") as refused:
        Images(folder)
    assert refused.value.code == "unavailable"


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 33])
def test_a_key_of_another_length_is_refused(images: Images, folder: Path, key: bytes) -> None:
    (folder / "key").write_bytes(key)
    with pytest.raises(HostFailure, match="must be 32 bytes"):
        Images(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_refused(images: Images, folder: Path) -> None:
    os.chown(folder / "key", 12345, 12345)
    with pytest.raises(HostFailure, match="owned by this user"):
        Images(folder)


# Full disks, and the bound.


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """As on a disk with so little room: Python turns the signal into an OSError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_image_that_finds_no_room_leaves_nothing_half(images: Images, folder: Path) -> None:
    before = files(folder)
    with largest_file(1000), pytest.raises(OSError, match="too large"):
        images.save(OTHER, IMAGE)
    assert files(folder) == before
    assert images.open(OTHER) is None


def test_an_image_that_finds_no_room_leaves_the_older_one(images: Images) -> None:
    with largest_file(1000), pytest.raises(OSError, match="too large"):
        images.save(NAME, IMAGE + IMAGE)
    assert content(images) == IMAGE


def test_a_disk_that_fails_at_the_last_moment_leaves_nothing_half(
    images: Images, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        images.save(OTHER, IMAGE)
    assert OTHER not in "".join(files(folder))


def test_a_key_that_finds_no_room_is_not_made(folder: Path) -> None:
    with largest_file(0), pytest.raises(OSError, match="too large"):
        Images(folder)
    assert files(folder) == set()


def test_the_images_written_longest_ago_go_when_the_cache_is_over_its_bound(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CACHE_BYTES_MAX", 3 * len(IMAGE))
    images = Images(folder)
    names = [hashlib.sha256(bytes([n])).hexdigest() for n in range(5)]
    for age, name in enumerate(names):
        images.save(name, IMAGE)
        if (folder / f"{name}.image").exists():
            os.utime(folder / f"{name}.image", ns=(age, age))
    assert [images.open(name) is not None for name in names] == [False, False, True, True, True]


def test_what_a_killed_process_left_half_written_is_removed_an_hour_later(
    images: Images, folder: Path
) -> None:
    left, under_way = folder / f".{OTHER}.1.ab", folder / f".{OTHER}.2.cd"
    for path in (left, under_way):
        path.write_bytes(IMAGE)
    os.utime(left, (0, 0))
    images.save(OTHER, IMAGE)
    assert (left.exists(), under_way.exists()) == (False, True)


def test_another_process_may_remove_images_while_one_is_saved(
    images: Images, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Path.glob

    def glob(self: Path, pattern: str) -> list[Path]:
        return [*listed(self, pattern), folder / "gone.image"]

    monkeypatch.setattr(Path, "glob", glob)
    images.save(OTHER, IMAGE)
    assert content(images, OTHER) == IMAGE
