"""Compiling in a process of its own, which can be ended and is bounded.

libwasmtime's compiler cannot be interrupted, and what a hostile component costs it in time and
memory has no bound of its own. So all but small components are compiled by a child: it is killed
when the caller is cancelled, and held to `ADDRESS_BYTES_MAX` and `CPU_S_MAX`.

This module is the child too (`python -m innkeeper.engine.apart`): component on stdin, image on
stdout, after one byte that says which of image or refusal it is.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from typing import Final

import trio

from innkeeper.engine.engines import Variant, new_engine
from innkeeper.errors import LimitExceeded
from innkeeper_core.component import InvalidComponent

APART_BYTES_MIN: Final = 64 * 1024  # below this a child costs more than it saves
ADDRESS_BYTES_MAX: Final = 16 * 1024**3
CPU_S_MAX: Final = 600

_IMAGE: Final = b"+"
_REFUSAL: Final = b"-"


def can_compile_apart() -> bool:
    """Whether this program is a Python that can be started again (an embedded one may not be)."""
    return bool(sys.executable) and os.access(sys.executable, os.X_OK)


async def compile_apart(data: bytes, variant: Variant) -> bytes:
    """The image of a component, made by a child that dies with this task.

    Raises InvalidComponent, or LimitExceeded (timeout) where compiling takes more than it may.
    """
    flags = [name for name in ("concurrency", "fuel") if getattr(variant, name)]
    lifeline, held = os.pipe()  # closed by the kernel when this process ends
    try:
        ended = await trio.run_process(
            [sys.executable, "-P", "-m", "innkeeper.engine.apart", str(lifeline), *flags],
            stdin=data,
            capture_stdout=True,
            stderr=subprocess.DEVNULL,
            check=False,
            deliver_cancel=_kill,
            pass_fds=(lifeline,),
        )
    finally:
        os.close(lifeline)
        os.close(held)
    answer: bytes = ended.stdout
    if ended.returncode == 0 and answer.startswith(_IMAGE):
        return answer[1:]
    if ended.returncode == 0 and answer.startswith(_REFUSAL):
        raise InvalidComponent(answer[1:].decode())
    raise LimitExceeded(
        f"the compiler ended with {ended.returncode}: the component takes more than {CPU_S_MAX} s "
        f"of CPU or {ADDRESS_BYTES_MAX >> 30} GiB of addresses to compile, or breaks it",
        code="timeout",
    )


async def _kill(process: trio.Process) -> None:
    process.kill()


def main() -> None:
    """Be the child."""
    _die_with_parent(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act on
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES_MAX, ADDRESS_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    variant = Variant(**dict.fromkeys(sys.argv[2:], True))
    try:
        answer = _IMAGE + new_engine(variant).compile(sys.stdin.buffer.read()).serialize()
    except InvalidComponent as error:
        answer = _REFUSAL + str(error).encode()
    sys.stdout.buffer.write(answer)


def _die_with_parent(lifeline: int) -> None:
    """End when the other end of a pipe is closed.

    Not prctl(PR_SET_PDEATHSIG): that is about the thread that started us, one of Trio's own, which
    ends when it has been idle for ten seconds.
    """

    def wait() -> None:
        os.read(lifeline, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
