"""The host's settings: one frozen value, in which each setting knows where it came from.

A flag wins over the environment (`INNKEEPER_<NAME>`), that over the file
(`$XDG_CONFIG_HOME/innkeeper/config.toml`), that over the default. A value that does not fit, or a
key of the file that is not known, stops the start. Variables named INNKEEPER_ that are no setting
are left alone: container platforms make some of their own (`INNKEEPER_PORT`) for a service of that
name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from innkeeper.errors import RequestRefused

Layer = Literal["default", "file", "environment", "flag", "program"]
LogLevel = Literal["debug", "info", "warning", "error"]

ENVIRONMENT_PREFIX: Final = "INNKEEPER_"
FILE_BYTES_MAX: Final = 64 * 1024
VALUE_CHARS_MAX: Final = 60  # of a refused value, in a message

_ByteCount = Annotated[int, Meta(ge=1024, le=1 << 40)]
_Names = tuple[Annotated[str, Meta(min_length=1, max_length=512)], ...]


class Origin(msgspec.Struct, frozen=True):
    """Where a value came from; `place` is the file, the variable or the flag."""

    layer: Layer
    place: str = ""

    def __str__(self) -> str:
        return self.place or self.layer


def default_state(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the host's own files, by the XDG base directory specification 0.8."""
    return _xdg_folder("XDG_STATE_HOME", ".local/state", environment) / "innkeeper"


def config_file(environment: Mapping[str, str] = os.environ) -> Path:
    """The settings file, whether or not it is there."""
    return _xdg_folder("XDG_CONFIG_HOME", ".config", environment) / "innkeeper" / "config.toml"


def available_cores() -> int:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator can set.

    `state` is the folder of the host's own files. `workers` is the number of threads for guests
    that compute. `instances_max` caps the guests that live at once; 0 derives it from the system's
    limit on memory mappings. `pool_instances` is how many instances have memory set aside.
    `call_log` writes one line a call to the log. `http_hosts` and `http_origins` are whom the HTTP
    face answers besides this machine: names in `Host`, and origins of web pages.

    Raises RequestRefused (validation_failed) for a value that does not fit.
    """

    state: Path = msgspec.field(default_factory=default_state)
    bind: Annotated[str, Meta(min_length=1, max_length=300)] = "127.0.0.1:8090"
    workers: Annotated[int, Meta(ge=1, le=1024)] = msgspec.field(default_factory=available_cores)
    component_bytes_max: _ByteCount = 128 * 1024 * 1024
    http_body_bytes_max: _ByteCount = (1 << 20) + (64 << 10)
    mcp_message_bytes_max: _ByteCount = 4 * 1024 * 1024
    instances_max: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    pool_instances: Annotated[int, Meta(ge=1, le=100_000)] = 256
    log_level: LogLevel = "info"
    call_log: bool = True
    http_hosts: _Names = ()
    http_origins: _Names = ()
    origins: Mapping[str, Origin] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in NAMES:
            _convert(name, getattr(self, name), self.origin(name))

    def origin(self, name: str) -> Origin:
        """Where the setting of that name came from; "program" where code gave it."""
        if name in self.origins:
            return self.origins[name]
        field = _FIELDS[name]
        default = field.default if field.default is not msgspec.NODEFAULT else _made_default(field)
        return Origin("default" if getattr(self, name) == default else "program")


_FIELDS: Final[dict[str, msgspec.structs.FieldInfo]] = {
    field.name: field for field in msgspec.structs.fields(Settings) if field.name != "origins"
}
NAMES: Final = tuple(_FIELDS)


def load_settings(
    flags: Mapping[str, object] | None = None, *, environment: Mapping[str, str] = os.environ
) -> Settings:
    """The settings of this process; `flags` are those given on the command line, by name.

    Raises RequestRefused (validation_failed), naming the setting, its value, where it came from
    and the rule.
    """
    values: dict[str, Any] = {"state": default_state(environment)}  # Any: each has its field's type
    origins = {"state": Origin("default")}
    for name, value, origin in _given(flags or {}, environment):
        values[name] = _convert(name, value, origin)
        origins[name] = origin
    return Settings(**values, origins=origins)


def _given(
    flags: Mapping[str, object], environment: Mapping[str, str]
) -> Iterator[tuple[str, object, Origin]]:
    """Every value that was given, the weakest layer first."""
    path = config_file(environment)
    for name, value in _read_file(path).items():
        yield name, value, Origin("file", str(path))
    for name in NAMES:
        variable = ENVIRONMENT_PREFIX + name.upper()
        if variable in environment:
            yield name, environment[variable], Origin("environment", variable)
    for name, value in flags.items():
        yield name, value, Origin("flag", "--" + name.replace("_", "-"))


def _read_file(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RequestRefused(f"settings: cannot read {path}: {error.strerror}") from error
    if len(text) > FILE_BYTES_MAX:
        raise RequestRefused(f"settings: {path} has more than {FILE_BYTES_MAX} bytes")
    values = _parsed(text, path)
    for name in values:
        if name not in _FIELDS:
            raise RequestRefused(f"settings: {path}: {name!r} is not one of {', '.join(NAMES)}")
    return values


def _parsed(text: bytes, path: Path) -> dict[str, object]:
    # Imported here: without a settings file the start is 2 ms shorter.
    import tomllib

    try:
        return tomllib.loads(str(text, "utf-8"))
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and TOMLDecodeError among it
        raise RequestRefused(f"settings: {path} is not TOML: {error}") from error


def _convert(name: str, value: object, origin: Origin) -> object:
    """The value in its setting's type."""
    in_text = origin.layer == "environment"
    try:
        if name == "state":
            return _folder(value, is_relative_allowed=origin.layer != "file")
        if in_text and isinstance(value, str) and name in ("http_hosts", "http_origins"):
            value = [item.strip() for item in value.split(",") if item.strip()]
        return msgspec.convert(value, _FIELDS[name].type, strict=not in_text)
    except ValueError as error:  # msgspec.ValidationError among it
        rule = str(error)
        if rule.startswith("Invalid enum value"):
            rule = "must be one of debug, info, warning, error"
        where = "" if origin.layer == "program" else f" ({origin})"
        raise RequestRefused(f"settings: {name} = {_shown(value)}{where}: {rule}") from error


def _folder(value: object, *, is_relative_allowed: bool) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError("must be a path")
    if "\0" in str(value):
        raise ValueError("must not contain a zero byte")
    path = _home_expanded(Path(value))
    if not path.is_absolute() and not is_relative_allowed:
        raise ValueError("must be an absolute path")
    return path.absolute()


def _home_expanded(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError("names a home directory that is not known") from error


def _xdg_folder(variable: str, below_home: str, environment: Mapping[str, str]) -> Path:
    given = environment.get(variable, "")
    if given and Path(given).is_absolute():  # a relative one is to be ignored, by the specification
        return Path(given)
    home = environment.get("HOME", "")
    try:
        return (Path(home) if home else Path.home()) / below_home
    except RuntimeError as error:
        raise RequestRefused(f"settings: set HOME or {variable}: there is no home") from error


def _shown(value: object) -> str:
    try:
        text = repr(str(value)) if isinstance(value, str | Path) else repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a huge integer"
    return text if len(text) <= VALUE_CHARS_MAX else text[:VALUE_CHARS_MAX] + "…"


def _made_default(field: msgspec.structs.FieldInfo) -> object:
    return field.default_factory()
