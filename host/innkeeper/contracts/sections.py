"""The outermost sections of a component or core module, read without trust and in linear time.

Both formats begin with eight bytes of preamble and go on with sections: an id, a size and so many
bytes (WebAssembly core specification, section 5.5.2; component model, Binary.md). Only custom
sections (id 0), which begin with a name, are looked into, and none is copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from innkeeper.errors import ContractError

COMPONENT_PREAMBLE: Final = b"\0asm\x0d\x00\x01\x00"
MODULE_PREAMBLE: Final = b"\0asm\x01\x00\x00\x00"
PREAMBLE_BYTES: Final = 8
CUSTOM_ID: Final = 0
U32_BYTES_MAX: Final = 5  # LEB128 carries seven bits a byte
U32_MAX: Final = 0xFFFF_FFFF
SECTIONS_MAX: Final = 10_000  # a toolchain writes some dozens; walking millions would take seconds


def kind_of(data: bytes | memoryview) -> Literal["component", "module"] | None:
    """What the first eight bytes say it is; None where they say neither."""
    preamble = bytes(data[:PREAMBLE_BYTES])
    if preamble == COMPONENT_PREAMBLE:
        return "component"
    return "module" if preamble == MODULE_PREAMBLE else None


def custom_sections(data: bytes | memoryview) -> Iterator[tuple[str, memoryview]]:
    """Name and content of each outermost custom section, in order; a name may come again.

    Raises ContractError (component_invalid) where the framing is broken, when it gets there: what
    comes out before may be of a file that is not whole. Sections inside others are not seen.
    """
    if kind_of(data) is None:
        raise _invalid("it begins neither as a component nor as a core module")
    view = memoryview(data)
    position = PREAMBLE_BYTES
    sections = 0
    while position < len(view):
        sections += 1
        if sections > SECTIONS_MAX:
            raise _invalid(f"it has more than {SECTIONS_MAX} sections")
        section_id = view[position]
        content, position = _sized(view, position + 1)
        if section_id == CUSTOM_ID:
            name, start = _sized(content, 0)
            yield _text(name), content[start:]


def custom_section(name: str, content: bytes) -> bytes:
    """A custom section as bytes, to append to a component: the inverse of what is read here."""
    encoded = name.encode()
    body = _leb128(len(encoded)) + encoded + content
    return bytes([CUSTOM_ID]) + _leb128(len(body)) + body


def _sized(view: memoryview, position: int) -> tuple[memoryview, int]:
    """What the size at `position` counts out, and where it ends."""
    size, start = _u32(view, position)
    end = start + size
    if end > len(view):
        raise _invalid(f"a size of {size} at byte {position} goes beyond what is there")
    return view[start:end], end


def _u32(view: memoryview, position: int) -> tuple[int, int]:
    """An unsigned LEB128 number of at most 32 bits, and where it ends."""
    number = 0
    encoded = view[position : position + U32_BYTES_MAX]
    for index, byte in enumerate(encoded):
        number |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if number > U32_MAX:
                break
            return number, position + index + 1
    raise _invalid(f"the size at byte {position} is cut off or beyond 32 bits")


def _leb128(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _text(name: memoryview) -> str:
    try:
        return str(name, "utf-8")
    except UnicodeDecodeError as error:
        raise _invalid("the name of a custom section is not UTF-8") from error


def _invalid(what: str) -> ContractError:
    return ContractError(f"not a valid component: {what}", code="component_invalid")
