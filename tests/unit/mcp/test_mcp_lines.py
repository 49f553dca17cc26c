"""Lines out of a stream of chunks, however it is cut."""

from hypothesis import given
from hypothesis import strategies as st

from innkeeper.mcp.lines import TOO_LONG, LineBuffer, TooLong


def cut(chunks: list[bytes], line_bytes_max: int = 8) -> list[bytes | TooLong]:
    lines = LineBuffer(line_bytes_max)
    for chunk in chunks:
        lines.feed(chunk)
    lines.end()
    found = []
    while (line := lines.take()) is not None:
        found.append(line)
    return found


def test_a_line_may_come_in_pieces() -> None:
    assert cut([b"a", b"b", b"c\nd", b"\n"]) == [b"abc", b"d"]


def test_a_last_line_needs_no_end() -> None:
    assert cut([b"a\nb"]) == [b"a", b"b"]


def test_a_line_at_the_bound_is_whole_and_one_byte_more_is_too_long() -> None:
    assert cut([b"12345678\n123456789\nx\n"]) == [b"12345678", TOO_LONG, b"x"]


def test_a_line_over_the_bound_is_not_held() -> None:
    lines = LineBuffer(8)
    for _ in range(1000):
        lines.feed(b"x" * 1000)
    assert lines._tail == []
    lines.feed(b"\nafter\n")
    assert lines.take() is TOO_LONG
    assert lines.take() == b"after"


@given(lines=st.lists(st.binary(max_size=12)), sizes=st.lists(st.integers(1, 9), min_size=1))
def test_how_the_stream_is_cut_makes_no_difference(lines: list[bytes], sizes: list[int]) -> None:
    clean = [line.replace(b"\n", b" ") for line in lines]
    stream = b"".join(line + b"\n" for line in clean)
    chunks, at, turn = [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        chunks.append(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert cut(chunks) == [line if len(line) <= 8 else TOO_LONG for line in clean]
