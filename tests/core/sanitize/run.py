"""Runs the tests of the core with AddressSanitizer: `python -m core.sanitize.run`.

The core is built a second time, under `build/asan`, with every memory access checked; libasan is
preloaded, as Python itself is not built with it, and Python's own allocator is left out, so that
its memory is checked too. Guests run on fibers and libwasmtime handles signals of its own: the
sanitizer leaves those alone. Leaks are measured elsewhere (`core.leaking`, `test_allocations`).
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
SOURCES: Final = ROOT / "core_ext" / "innkeeper_core"
BUILT: Final = ROOT / "build" / "asan"
FOUND: Final = 86  # the exit code where the sanitizer found something
OPTIONS: Final = {
    "exitcode": FOUND,
    "detect_leaks": 0,
    "handle_segv": 0,
    "handle_sigill": 0,
    "handle_sigfpe": 0,
    "use_sigaltstack": 0,
    "detect_stack_use_after_return": 0,
}
# Programs of their own, and what measures: time, or the C library's heap, which is replaced here.
LEFT_OUT: Final = {"allocations", "capi", "leaks", "sanitized", "ticker"}
VALUES: Final = {"host_functions", "refusals", "sizes", "types", "values"}
LONG: Final = {"differential"}
ALL: Final = {
    path.stem.removeprefix("test_") for path in (ROOT / "tests" / "core").glob("test_*.py")
}
# A process for each group of test files: it takes seconds to start.
GROUPS: Final = {"values": VALUES, "rest": ALL - VALUES - LONG - LEFT_OUT, "long": LONG}


def build() -> Path:
    """The folder with the sanitized core, built anew where its sources have changed."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = BUILT / "digest"
        digest = _digest()
        if not stamp.exists() or stamp.read_text() != digest:
            stamp.unlink(missing_ok=True)
            _compile()
            stamp.write_text(digest)
    return BUILT / "lib"


def python(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run Python with the sanitized core."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_environment(build()),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def run_tests(group: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of one of GROUPS with the sanitized core."""
    files = [f"tests/core/test_{name}.py" for name in sorted(GROUPS[group])]
    return python(["-m", "pytest", "-q", "-p", "no:cacheprovider", *files])


def _digest() -> str:
    """Of everything that the build depends on."""
    digest = hashlib.sha256(f"{sys.version} {_gcc('--version')}".encode())
    for source in (ROOT / "setup.py", *sorted(SOURCES.glob("*.p[yx]*"))):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _compile() -> None:
    lib = BUILT / "lib"
    shutil.rmtree(lib, ignore_errors=True)
    subprocess.run(
        [
            *(sys.executable, "setup.py", "--quiet", "build_ext"),
            *("--build-lib", str(lib), "--build-temp", str(BUILT / "temp")),
            *("--parallel", "2"),
        ],
        cwd=ROOT,
        env={**os.environ, "INNKEEPER_ASAN": "1", "CC": "gcc"},
        check=True,
        capture_output=True,
    )
    shutil.copy(SOURCES / "__init__.py", lib / "innkeeper_core")


def _environment(lib: Path) -> dict[str, str]:
    return {
        **os.environ,
        "LD_PRELOAD": _gcc("-print-file-name=libasan.so"),
        "ASAN_OPTIONS": ":".join(f"{name}={value}" for name, value in OPTIONS.items()),
        "HYPOTHESIS_PROFILE": "short",  # it is the same code that runs, however many the values
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": os.pathsep.join([str(lib), str(ROOT / "tests")]),
    }


def _gcc(option: str) -> str:
    return subprocess.run(
        ["gcc", option], capture_output=True, text=True, check=True
    ).stdout.strip()


def main() -> int:
    """Run all groups; the exit code of the last that failed."""
    code = 0
    for group in GROUPS:
        outcome = run_tests(group)
        print(f"{group}\n{outcome.stdout}", flush=True)
        code = outcome.returncode or code
    return code


if __name__ == "__main__":
    sys.exit(main())
