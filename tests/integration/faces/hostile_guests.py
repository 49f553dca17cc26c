"""What hostile guests are asked, and what every face must say then."""

from __future__ import annotations

from pathlib import Path

import msgspec
from guests import guest
from integration.faces.plugin_files import plugin_file

MIB = 1 << 20
MEMORY_BYTES_MAX = 64 * MIB  # the default


class Misbehaviour(msgspec.Struct, frozen=True):
    """A call that ends badly, the code that it ends with, and the kind where that is a trap."""

    tool: str
    code: str
    kind: str = ""
    arguments: dict[str, object] = {}

    def __str__(self) -> str:
        return self.tool

    @property
    def plugin(self) -> str:
        """The plugin that misbehaves."""
        return self.tool.partition(".")[0]


class Misfit(msgspec.Struct, frozen=True):
    """A file that is no plugin for this host, and the code it is refused with."""

    plugin: str
    code: str
    message: str = ""

    def __str__(self) -> str:
        return self.plugin


# Each plugin's limits where they are not the defaults: short deadlines, so that tests are.
LIMITS: dict[str, dict[str, float]] = {
    "loop": {"wall_s": 0.3},
    "start-loop": {"wall_s": 0.3},
    "output": {"memory_bytes_max": 256 * MIB},
    "log-flood": {"host_calls_max": 10_000},
}

MISBEHAVIOURS = (
    Misbehaviour("loop.endless", "deadline_exceeded"),
    Misbehaviour("start-loop.nothing", "deadline_exceeded"),
    Misbehaviour("recursion.dive", "trap", "stack_overflow"),
    Misbehaviour("realloc-trap.echo", "trap", "unreachable", {"text": "x"}),
    Misbehaviour("realloc-lies.outside", "trap", "bad_realloc", {"text": "x"}),
    Misbehaviour("realloc-lies.misaligned", "trap", "bad_realloc", {"numbers": [1]}),
    Misbehaviour("invalid-utf8.text", "trap", "invalid_utf8"),
    Misbehaviour("invalid-utf8.truncated", "trap", "invalid_utf8"),
    Misbehaviour("invalid-utf8.overlong", "trap", "invalid_utf8"),
    Misbehaviour("invalid-utf8.surrogate", "trap", "invalid_utf8"),
    Misbehaviour("invalid-utf8.scalar", "trap", "invalid_char"),
    Misbehaviour("invalid-utf8.color", "trap", "invalid_discriminant"),
    Misbehaviour("lying-length.beyond", "trap", "pointer_out_of_bounds"),
    Misbehaviour("lying-length.outside", "trap", "pointer_out_of_bounds"),
    Misbehaviour("lying-length.area", "trap", "pointer_out_of_bounds"),
    Misbehaviour("lying-length.wrapping", "trap", "pointer_out_of_bounds"),
    Misbehaviour("lying-length.misaligned", "trap", "misaligned_pointer"),
    Misbehaviour("memory-bomb.hog", "trap", "unreachable"),
    Misbehaviour("table-bomb.hog", "trap", "unreachable"),
    Misbehaviour("output.big", "output_too_large", arguments={"bytes": 100_000_000}),
    Misbehaviour("aliases.many", "output_too_large"),
    Misbehaviour("log-flood.flood", "host_calls_exceeded"),
    Misbehaviour("memory-static.nothing", "memory_limit"),
    Misbehaviour("table-static.nothing", "memory_limit"),
)

MISFITS = (
    Misfit("core-module", "component_invalid", "core module"),
    Misfit("garbage", "component_invalid"),
    Misfit("truncated", "component_invalid"),
    Misfit("empty", "component_invalid"),
    Misfit("wants-wasi", "import_unsatisfied", "wasi:cli/environment@0.2.0"),
    Misfit("wants-wasi-03", "component_unsupported", "wasi:clocks/monotonic-clock@0.3.0"),
    Misfit("streams", "component_unsupported", "stream"),
)


def misbehaving_plugins(directory: Path) -> dict[str, Path]:
    """The files of the plugins that misbehave, by name."""
    names = dict.fromkeys(one.plugin for one in MISBEHAVIOURS)
    return {name: plugin_file(name, directory, **LIMITS.get(name, {})) for name in names}


def misfit_files(directory: Path) -> dict[str, Path]:
    """The files that are no plugins, by name."""
    return {one.plugin: _misfit_file(one.plugin, directory) for one in MISFITS}


def _misfit_file(name: str, directory: Path) -> Path:
    path = directory / f"{name}.wasm"
    path.write_bytes(_misfit(name))
    return path


def _misfit(name: str) -> bytes:
    whole = guest("echo")
    made = {
        "garbage": bytes(range(7, 256)) * 16,
        "truncated": whole[: len(whole) // 2],
        "empty": b"",
    }
    return made[name] if name in made else guest(name)
