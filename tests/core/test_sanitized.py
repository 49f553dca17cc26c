"""The core's tests pass with AddressSanitizer watching every memory access of the core."""

import pytest
from core.sanitize.run import BUILT, FOUND, build, python, run_tests

DOUBLE_FREE = """
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
place = libc.malloc(100)
libc.free(place)
libc.free(place)
"""


def test_the_sanitized_core_is_built() -> None:
    assert (build() / "innkeeper_core" / "__init__.py").exists()


def test_the_sanitizer_sees_a_double_free() -> None:
    outcome = python(["-c", DOUBLE_FREE])
    assert outcome.returncode == FOUND
    assert "attempting double-free" in outcome.stdout


def test_the_sanitized_core_is_the_one_that_is_tested() -> None:
    outcome = python(["-c", "import innkeeper_core.values as core; print(core.__file__)"])
    assert outcome.stdout.startswith(str(BUILT))
    assert b"__asan_report_store" in next(BUILT.glob("lib/*/values.*.so")).read_bytes()


@pytest.mark.parametrize("group", ["values", "rest", pytest.param("long", marks=pytest.mark.soak)])
def test_the_tests_of_the_core_find_no_memory_error(group: str) -> None:
    outcome = run_tests(group)
    assert outcome.returncode == 0, outcome.stdout[-5_000:]
    assert "AddressSanitizer" not in outcome.stdout
