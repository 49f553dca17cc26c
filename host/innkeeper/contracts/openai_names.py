"""Tool ids as names that faces allow which forbid a dot or more than 64 characters.

`hello.greet` is `hello__greet`. An id that would not come back from that, or has other characters,
or is too long, is cut and gets a digest, so that two ids never share a name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from innkeeper.errors import ContractError

NAME_CHARS_MAX: Final = 64
DIGEST_CHARS: Final = 16  # 64 bits: nobody finds a second id for the name of another's tool
_ALLOWED: Final = re.compile("[A-Za-z0-9_-]{1,64}").fullmatch
_FORBIDDEN: Final = re.compile("[^A-Za-z0-9_-]")
_DIGEST_ENDING: Final = re.compile(f"_[0-9a-f]{{{DIGEST_CHARS}}}$").search


def openai_name(tool_id: str) -> str:
    """The name of a tool where only A-Z a-z 0-9 _ - are allowed, at most 64 of them."""
    name = tool_id.replace(".", "__")
    is_plain = _ALLOWED(name) and name.replace("__", ".") == tool_id and not _DIGEST_ENDING(name)
    return name if is_plain else _digested(tool_id, name)


def ids_by_openai_name(tool_ids: Iterable[str]) -> dict[str, str]:
    """The way back: ids by their names. Raises ContractError (conflict) where two share one."""
    table: dict[str, str] = {}
    for tool_id in tool_ids:
        name = openai_name(tool_id)
        if table.setdefault(name, tool_id) != tool_id:
            raise ContractError(f"{tool_id} and {table[name]} are both {name}", code="conflict")
    return table


def _digested(tool_id: str, name: str) -> str:
    digest = hashlib.sha256(tool_id.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARS]
    kept = _FORBIDDEN.sub("_", name)[: NAME_CHARS_MAX - DIGEST_CHARS - 1]
    return f"{kept}_{digest}"
