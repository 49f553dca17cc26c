"""libwasmtime is found and bound once, and another version is refused."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from innkeeper_core.capi import VERSION_SERIES, library_path, open_library, wat_to_wasm

OPEN = "from innkeeper_core.capi import open_library; print(open_library())"


def opened_beside(folder: Path) -> subprocess.CompletedProcess[str]:
    """Open the library in a process that finds what is in this folder first."""
    return subprocess.run(
        [sys.executable, "-c", OPEN],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def wheel(folder: Path, version: str) -> Path:
    """What a wheel of this version looks like, without its library."""
    (folder / "wasmtime").mkdir()
    (folder / "wasmtime" / "__init__.py").touch()
    (folder / f"wasmtime-{version}.dist-info").mkdir()
    return folder


def test_the_library_of_the_wheel_is_opened() -> None:
    assert open_library().startswith(f"{VERSION_SERIES}.")
    assert open_library() == open_library()
    assert Path(library_path()).is_file()


def test_threads_open_one_library() -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(open_library())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1


@pytest.mark.parametrize("version", ["49.0.0", "51.0.0", "50.1.0", "500.0"])
def test_a_wheel_of_another_series_is_refused(tmp_path: Path, version: str) -> None:
    run = opened_beside(wheel(tmp_path, version))
    assert run.returncode == 1
    assert f"LibraryMismatch: wasmtime {version} is installed" in run.stderr


def test_a_wheel_without_this_platform_s_library_is_refused(tmp_path: Path) -> None:
    run = opened_beside(wheel(tmp_path, f"{VERSION_SERIES}.1"))
    assert run.returncode == 1
    assert "LibraryMismatch: the wasmtime wheel has no library for" in run.stderr


def test_a_library_that_is_not_libwasmtime_is_refused(tmp_path: Path) -> None:
    here = Path(library_path())
    folder = wheel(tmp_path, f"{VERSION_SERIES}.1") / "wasmtime" / here.parent.name
    folder.mkdir()
    (folder / here.name).write_bytes(b"not a library")
    run = opened_beside(tmp_path)
    assert run.returncode == 1
    assert "LibraryMismatch:" in run.stderr
    assert here.name in run.stderr


def test_a_library_without_our_functions_is_refused(tmp_path: Path) -> None:
    here = Path(library_path())
    folder = wheel(tmp_path, f"{VERSION_SERIES}.1") / "wasmtime" / here.parent.name
    folder.mkdir()
    (folder / here.name).symlink_to(_another_library())
    run = opened_beside(tmp_path)
    assert run.returncode == 1
    assert "LibraryMismatch: libwasmtime has no wasmtime_" in run.stderr


def _another_library() -> Path:
    import _ctypes

    assert _ctypes.__file__ is not None
    return Path(_ctypes.__file__)


def test_text_becomes_a_binary() -> None:
    assert wat_to_wasm("(component)").startswith(b"\0asm\x0d\0\x01\0")
    assert wat_to_wasm("(module)").startswith(b"\0asm\x01\0\0\0")


@pytest.mark.parametrize(
    "text", ["(", "(component", "(component (func))", "\0", "(é)", "(" * 100_000]
)
def test_text_that_is_neither_module_nor_component_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        wat_to_wasm(text)
