"""Several processes on one folder of images."""

import hashlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from innkeeper.engine.images import Images

NAME = hashlib.sha256(b"a component").hexdigest()

# Waits for a moment that all have in common, then is as quick as it can.
FIRST_START = """
import sys, time
from pathlib import Path
from innkeeper.engine.images import Images
folder = Path(sys.argv[1])
print("ready", flush=True)
while not Path(sys.argv[2]).exists():
    pass
images = Images(folder)
images.save(sys.argv[3], b"an image of " + sys.argv[3].encode())
"""


def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    folder, signal = tmp_path / "images", tmp_path / "now"
    names = [hashlib.sha256(bytes([n])).hexdigest() for n in range(4)]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_START, folder, signal, name], stdout=subprocess.PIPE
        )
        for name in names
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    signal.touch()
    ended = [process.communicate(timeout=30) and process.returncode for process in started]
    images = Images(folder)
    descriptors = [images.open(name) for name in names]
    for descriptor in descriptors:
        if descriptor is not None:
            os.close(descriptor)
    assert ended == [0] * 4
    assert None not in descriptors


def test_whoever_opens_an_image_that_two_save_gets_one_of_theirs_or_none(tmp_path: Path) -> None:
    written = [bytes([n]) * 50_000 for n in range(2)]
    ends_s = time.monotonic() + 0.5

    def save(image: bytes) -> None:
        mine = Images(tmp_path)
        while time.monotonic() < ends_s:
            mine.save(NAME, image)

    savers = [threading.Thread(target=save, args=(image,)) for image in written]
    for saver in savers:
        saver.start()
    images, seen = Images(tmp_path), set()
    while time.monotonic() < ends_s:
        descriptor = images.open(NAME)
        if descriptor is not None:
            with os.fdopen(descriptor, "rb") as file:
                file.seek(0)
                seen.add(file.read())
    for saver in savers:
        saver.join()
    assert seen <= set(written)
    assert seen


def test_an_image_saved_while_others_saved_it_opens_or_can_be_saved_again(tmp_path: Path) -> None:
    images = [Images(tmp_path) for _ in range(4)]

    def save(mine: Images) -> None:
        for _ in range(20):
            mine.save(NAME, b"the same for all" * 1000)

    savers = [threading.Thread(target=save, args=(mine,)) for mine in images]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()
    descriptor = images[0].open(NAME)
    assert descriptor is not None
    os.close(descriptor)
    assert {path.name for path in tmp_path.iterdir()} == {"key", f"{NAME}.image", f"{NAME}.seal"}
