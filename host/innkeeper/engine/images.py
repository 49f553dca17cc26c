"""The cache of compiled images.

Loading an image runs what is in it: libwasmtime trusts its input, and one flipped byte passes. So
an image is sealed when it is written: a keyed hash (HMAC-SHA256, key in a 0600 file of the state)
over its bytes, kept in a small record beside it that is itself sealed. Hashing 33 MB takes 20 ms,
so the record also remembers for which file (device, inode, size, change time) the hash was last
checked; such a file is not hashed again. It is opened once, without following links, and loaded
through that very descriptor: nothing can be swapped between check and use.

A record or image that does not verify is removed and compiled anew.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import time
from typing import Final

import msgspec

from innkeeper.errors import HostFailure

SEAL_BYTES_MAX: Final = 4096
CACHE_BYTES_MAX: Final = 2 * 1024**3
LEFT_BEHIND_S: Final = 3600.0  # nobody writes one image for so long
_KEY_BYTES: Final = 32
_CHUNK: Final = 1 << 20
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # waits for no FIFO


class Seal(msgspec.Struct, frozen=True):
    """What is remembered of an image: its hash, and the file it was last checked for."""

    name: str
    mac: str
    device: int
    inode: int
    size: int
    changed_ns: int

    def fits(self, found: os.stat_result) -> bool:
        """Whether this very file, unchanged, is the one that was checked."""
        return (self.device, self.inode, self.size, self.changed_ns) == (
            found.st_dev,
            found.st_ino,
            found.st_size,
            found.st_ctime_ns,
        )


class Images:
    """Sealed images in one folder of the state; several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._secret = _open_secret(folder / "key")

    def open(self, name: str) -> int | None:
        """A descriptor of the verified image, for the caller to close; None where there is none."""
        seal = self._read_seal(name)
        if seal is None:
            return None
        try:
            descriptor = os.open(self._image(name), _READ)
        except OSError:
            return None
        try:
            if self._verify(seal, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        self.discard(name)
        return None

    def save(self, name: str, image: bytes) -> None:
        """Write and seal an image. A full disk or the like raises OSError; nothing half is left."""
        self._make_room(len(image))
        temporary = self._folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(image)
                file.flush()
                os.fsync(descriptor)
            temporary.replace(self._image(name))  # this changes the change time: stat afterwards
            self._write_seal(name, self._mac(name, image), os.fstat(descriptor))
        finally:
            os.close(descriptor)
            temporary.unlink(missing_ok=True)

    def discard(self, name: str) -> None:
        """Forget an image, as far as the folder lets us: without its seal it does not open."""
        for path in (self._image(name), self._seal(name)):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _image(self, name: str) -> Path:
        return self._folder / f"{name}.image"

    def _seal(self, name: str) -> Path:
        return self._folder / f"{name}.seal"

    def _mac(self, name: str, image: bytes) -> str:
        mac = hmac.new(self._secret, name.encode() + b"\0", hashlib.sha256)
        mac.update(image)
        return mac.hexdigest()

    def _verify(self, seal: Seal, descriptor: int) -> bool:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return False
        if seal.fits(found):
            return True
        mac = hmac.new(self._secret, seal.name.encode() + b"\0", hashlib.sha256)
        while chunk := os.read(descriptor, _CHUNK):
            mac.update(chunk)
        if not hmac.compare_digest(mac.hexdigest(), seal.mac):
            return False
        with suppress(OSError):  # a read-only state still works, it hashes each time
            self._write_seal(seal.name, seal.mac, found)
        return True

    def _read_seal(self, name: str) -> Seal | None:
        try:
            raw, _ = _read(self._seal(name), SEAL_BYTES_MAX)
        except OSError:
            return None
        tag, _, body = raw.partition(b"\n")
        if not hmac.compare_digest(tag, hmac.digest(self._secret, body, "sha256").hex().encode()):
            return None
        try:
            seal = msgspec.json.decode(body, type=Seal)
        except msgspec.DecodeError:
            return None
        return seal if seal.name == name else None

    def _write_seal(self, name: str, mac: str, found: os.stat_result) -> None:
        seal = Seal(name, mac, found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns)
        body = msgspec.json.encode(seal)
        tag = hmac.digest(self._secret, body, "sha256").hex().encode()
        temporary = self._folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
        temporary.write_bytes(tag + b"\n" + body)
        temporary.replace(self._seal(name))

    def _make_room(self, size: int) -> None:
        """Remove the images written longest ago while the cache would be over its bound, and what
        a process that was killed has left half written."""
        for file in self._folder.glob(".*"):
            with suppress(OSError):
                if file.lstat().st_mtime < time() - LEFT_BEHIND_S:
                    file.unlink()
        found = sorted(self._images())
        total = sum(entry[1] for entry in found) + size
        for _, freed, name in found:
            if total <= CACHE_BYTES_MAX:
                return
            self.discard(name)
            total -= freed

    def _images(self) -> Iterator[tuple[int, int, str]]:
        """When each image was written, its size and name."""
        for file in self._folder.glob("*.image"):
            with suppress(OSError):  # another process may remove it meanwhile
                found = file.lstat()
                yield found.st_mtime_ns, found.st_size, file.stem


def _read(path: Path, bytes_max: int) -> tuple[bytes, os.stat_result]:
    """The beginning of a file that is no link, without waiting for a writer."""
    descriptor = os.open(path, _READ)
    try:
        return os.read(descriptor, bytes_max), os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _open_secret(path: Path) -> bytes:
    """The key, made at first use. Raises HostFailure where others could have read or made it."""
    with suppress(FileExistsError):
        _make_secret(path)
    secret, found = _read(path, _KEY_BYTES + 1)
    if found.st_uid != os.geteuid() or found.st_mode & 0o077 or len(secret) != _KEY_BYTES:
        raise HostFailure(
            f"{path}: the key must be {_KEY_BYTES} bytes, owned by this user, mode 0600: remove it "
            "and the images beside it",
            code="unavailable",
        )
    return secret


def _make_secret(path: Path) -> None:
    """Appears whole or not at all: written under another name, then linked."""
    if path.exists():
        raise FileExistsError(path)
    temporary = path.with_name(f".key.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(_KEY_BYTES))
        os.fsync(descriptor)
        os.link(temporary, path)
    finally:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)
