"""What is allocated is freed, to the last block: counted by the C library."""

import ctypes
import gc
from collections.abc import Callable
from typing import Any

import pytest
from core.leaking import WORK

from innkeeper_core.values import Type, ValueMismatch, roundtrip, size_of

TIMES = 10_000
# Python's own tables move a little; less than a byte for each time is nobody's leak.
GROWTH_BYTES_MAX = TIMES - 1

U8, STRING = Type("u8"), Type("string")
TEXT = "x" * 50
PAIR = Type("record", [STRING, Type("option", [U8])], ["text", "number"])
NESTED = Type("option", [Type("result", [Type("list", [PAIR]), None])])
FIGURE = Type("variant", [None, PAIR], ["none", "pair"])

GOOD: list[tuple[Type, Any]] = [
    (STRING, TEXT),
    (Type("list", [U8]), TEXT.encode()),
    (Type("list", [STRING]), [TEXT] * 5),
    (Type("tuple", [STRING, STRING]), (TEXT, TEXT)),
    (PAIR, {"text": TEXT, "number": 1}),
    (NESTED, ("ok", [{"text": TEXT, "number": None}] * 3)),
    (FIGURE, ("pair", {"text": TEXT, "number": 1})),
    (Type("enum", names=["a" * 40, "b"]), "a" * 40),
    (Type("flags", names=["a" * 40, "b"]), ["a" * 40, "b"]),
    (Type("map", [STRING, STRING]), {TEXT: TEXT, "b": "c"}),
]
BAD: list[tuple[Type, Any]] = [
    (STRING, "\ud800"),
    (Type("list", [STRING]), [TEXT, TEXT, 5]),
    (Type("tuple", [STRING, U8]), (TEXT, 256)),
    (PAIR, {"text": TEXT, "number": "1"}),
    (PAIR, {"text": TEXT, "other": 1}),
    (PAIR, {"number": 1}),
    (NESTED, ("ok", [{"text": TEXT}, {"text": TEXT, "number": 256}])),
    (FIGURE, ("pair", {"text": TEXT, "number": []})),
    (FIGURE, ("none", TEXT)),
    (Type("option", [Type("option", [STRING])]), ("some", b"")),
    (Type("flags", names=["a" * 40, "b"]), ["a" * 40, "c"]),
    (Type("map", [STRING, STRING]), {TEXT: TEXT, "b": 7}),
    (Type("map", [STRING, STRING]), [(TEXT, TEXT), "b"]),
    (Type("tuple", [STRING, Type("own", resource=1)]), (TEXT, 1)),
]


class Mallinfo(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


mallinfo2 = ctypes.CDLL(None).mallinfo2
mallinfo2.restype = Mallinfo


def allocated() -> int:
    """The bytes that are allocated in the C library's heap, and in mappings of their own."""
    gc.collect()
    info = mallinfo2()
    return int(info.uordblks + info.hblkhd)


def grown(work: Callable[[], object], times: int) -> int:
    """By how many bytes the heap grows when this is done so many times."""
    for _ in range(times // 10):
        work()
    before = allocated()
    for _ in range(times):
        work()
    return allocated() - before


@pytest.mark.parametrize(("ty", "value"), GOOD, ids=str)
def test_a_conversion_frees_what_it_takes(ty: Type, value: object) -> None:
    def convert() -> None:
        roundtrip(ty, value)
        size_of(ty, value)

    assert grown(convert, TIMES) < GROWTH_BYTES_MAX


@pytest.mark.parametrize(("ty", "value"), BAD, ids=[f"{n}-{ty}" for n, (ty, _) in enumerate(BAD)])
def test_a_conversion_that_fails_frees_what_it_took(ty: Type, value: object) -> None:
    def convert() -> None:
        for attempt in (roundtrip, size_of):
            try:
                attempt(ty, value)
            except ValueMismatch:
                continue
            raise AssertionError("it fits")

    assert grown(convert, TIMES) < GROWTH_BYTES_MAX


@pytest.mark.parametrize("name", WORK)
def test_a_call_frees_what_it_takes_however_it_ends(name: str) -> None:
    # A block of each time would be 16 bytes at least.
    times = 1_000
    assert grown(WORK[name](), times) < 16 * times
