"""WIT types, and the plain data that stands for their values.

| WIT | plain data |
|---|---|
| bool, integers, f32/f64, string | bool, int, float, str |
| char | str of one scalar value |
| list<u8> | bytes (bytes, bytearray, memoryview going in) |
| list, fixed-length list | list (any list or tuple going in) |
| tuple | tuple (any list or tuple going in) |
| record | dict by WIT field name |
| variant | (case, payload); payload None where the case has none |
| enum | str |
| option | None or the value; an option of an option: None or ("some", value) |
| result | ("ok", value) or ("error", value) |
| flags | list of str, in order of declaration (any list, tuple or set of str going in) |
| map<string, T> | dict; another map: list of (key, value) |
| own, borrow | int: the host's number of the resource |
"""

from collections.abc import Sequence
from typing import final

DEPTH_MAX: int

@final
class Type:
    """A WIT type as a tree: `kind`, the `names` of fields, cases or flags, the `types` below it.

    `kind` is one of: bool s8 s16 s32 s64 u8 u16 u32 u64 f32 f64 char string list record tuple
    variant enum option result flags map own borrow. `types` holds: list (element), record and
    tuple (fields), variant (payloads, None where a case has none), option (payload), result
    (ok, error; None where empty), map (key, value). `resource` numbers the resource of own and
    borrow; `length` is that of a fixed-length list, else None. Raises ValueError where these do not
    fit together, or more than DEPTH_MAX types are inside each other.
    """

    kind: str
    names: tuple[str, ...]
    types: tuple[Type | None, ...]
    resource: int
    length: int | None
    def __init__(
        self,
        kind: str,
        types: Sequence[Type | None] = (),
        names: Sequence[str] = (),
        *,
        resource: int = 0,
        length: int | None = None,
    ) -> None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class FunctionType:
    """The type of a component function: parameters in order, one result or None."""

    params: tuple[tuple[str, Type], ...]
    result: Type | None
    is_async: bool
    def __init__(
        self,
        params: Sequence[tuple[str, Type]] = (),
        result: Type | None = None,
        is_async: bool = False,
    ) -> None: ...

class ValueMismatch(ValueError):
    """A value does not fit its type; `path` leads to it from the root, outermost first."""

    path: tuple[str | int, ...]
    reason: str
    def __init__(self, reason: str, path: tuple[str | int, ...] = ()) -> None: ...

def roundtrip(type: Type, value: object) -> object:
    """Lower a value to libwasmtime's form, copy it there, lift the copy, free both.

    Raises ValueMismatch where the value does not fit the type.
    """

def size_of(type: Type, value: object, limit: int = ...) -> int:
    """The bytes that a value counts for against a limit on input or output.

    Raises ValueMismatch where the value does not fit the type.
    """
