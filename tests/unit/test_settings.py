"""Settings: four layers, each value with its origin; what does not fit stops the start."""

import os
from pathlib import Path

import pytest

from innkeeper.errors import RequestRefused
from innkeeper.settings import (
    FILE_BYTES_MAX,
    NAMES,
    Origin,
    Settings,
    config_file,
    default_state,
    load_settings,
)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with a home of its own, and nothing in it."""
    return {"HOME": str(tmp_path)}


def write_config(environment: dict[str, str], text: str | bytes) -> Path:
    """Write the settings file; where it stands."""
    path = config_file(environment)
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_without_anything_given_every_setting_is_the_default(home: dict[str, str]) -> None:
    settings = load_settings(environment=home)
    assert {settings.origin(name).layer for name in NAMES} == {"default"}
    assert settings.state == Path(home["HOME"], ".local/state/innkeeper")


def test_a_value_of_the_file_knows_its_file(home: dict[str, str]) -> None:
    path = write_config(home, 'workers = 3\nhttp_hosts = ["notes.example"]')
    settings = load_settings(environment=home)
    assert (settings.workers, settings.http_hosts) == (3, ("notes.example",))
    assert settings.origin("workers") == Origin("file", str(path))


def test_the_environment_wins_over_the_file(home: dict[str, str]) -> None:
    write_config(home, "workers = 3\ncall_log = true")
    environment = home | {"INNKEEPER_WORKERS": "4", "INNKEEPER_CALL_LOG": "false"}
    settings = load_settings(environment=environment)
    assert (settings.workers, settings.call_log) == (4, False)
    assert settings.origin("workers") == Origin("environment", "INNKEEPER_WORKERS")


def test_a_flag_wins_over_the_environment(home: dict[str, str]) -> None:
    environment = home | {"INNKEEPER_BIND": "127.0.0.1:1"}
    settings = load_settings({"bind": "127.0.0.1:2"}, environment=environment)
    assert settings.bind == "127.0.0.1:2"
    assert settings.origin("bind") == Origin("flag", "--bind")


def test_a_value_that_code_gives_is_the_programs() -> None:
    settings = Settings(workers=77)
    assert settings.origin("workers").layer == "program"
    assert settings.origin("bind").layer == "default"


def test_an_origin_reads_as_its_place_or_its_layer() -> None:
    assert (str(Origin("default")), str(Origin("flag", "--bind"))) == ("default", "--bind")


def test_a_list_in_the_environment_is_set_apart_by_commas(home: dict[str, str]) -> None:
    settings = load_settings(environment=home | {"INNKEEPER_HTTP_HOSTS": " a.example, b.example,"})
    assert settings.http_hosts == ("a.example", "b.example")


def test_a_variable_that_is_no_setting_is_left_alone(home: dict[str, str]) -> None:
    load_settings(environment=home | {"INNKEEPER_PORT": "tcp://10.0.0.1:80"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("workers =", "not TOML"),
        ("[" * 10_000, "not TOML"),
        (b"workers = 1 # \xff", "not TOML"),
        ("worker = 3", "'worker' is not one of"),
        ("[settings]\nworkers = 3", "'settings' is not one of"),
        ("origins = {}", "'origins' is not one of"),
        ('workers = "3"', "Expected `int`, got `str`"),
        ("workers = 0", ">= 1"),
        ("workers = true", "got `bool`"),
        (f"workers = 0x{'f' * 5000}", "workers = a huge integer"),
        ('log_level = "loud"', "must be one of debug, info, warning, error"),
        ('state = "relative/path"', "must be an absolute path"),
        ("state = 3", "must be a path"),
        ("http_hosts = [3]", "got `int`"),
        ('http_hosts = "one"', "got `str`"),
        ("component_bytes_max = 1", ">= 1024"),
        ("#" * (FILE_BYTES_MAX + 1), "has more than"),
    ],
)
def test_a_file_that_does_not_fit_stops_the_start(
    home: dict[str, str], text: str | bytes, told: str
) -> None:
    path = write_config(home, text)
    with pytest.raises(RequestRefused) as refused:
        load_settings(environment=home)
    assert refused.value.code == "validation_failed"
    assert told in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_file_that_cannot_be_read_stops_the_start(home: dict[str, str]) -> None:
    config_file(home).mkdir(parents=True)
    with pytest.raises(RequestRefused, match="cannot read"):
        load_settings(environment=home)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("INNKEEPER_WORKERS", "many", "workers = 'many' (INNKEEPER_WORKERS): Expected `int`"),
        ("INNKEEPER_WORKERS", "", "Expected `int`"),
        ("INNKEEPER_CALL_LOG", "perhaps", "Expected `bool`"),
        ("INNKEEPER_STATE", "", "must be a path"),
        ("INNKEEPER_STATE", "~nobody-of-this-name/x", "home directory that is not known"),
        ("INNKEEPER_BIND", "x" * 301, "(INNKEEPER_BIND): Expected `str`"),
    ],
)
def test_a_variable_that_does_not_fit_is_named_with_its_value(
    home: dict[str, str], variable: str, value: str, told: str
) -> None:
    with pytest.raises(RequestRefused) as refused:
        load_settings(environment=home | {variable: value})
    assert told in str(refused.value)


def test_a_path_with_a_zero_byte_is_refused(home: dict[str, str]) -> None:
    with pytest.raises(RequestRefused, match="zero byte"):
        load_settings({"state": "a\0b"}, environment=home)


def test_a_relative_state_of_a_flag_is_below_the_current_folder(home: dict[str, str]) -> None:
    assert load_settings({"state": "here"}, environment=home).state == Path.cwd() / "here"


def test_a_home_sign_is_expanded_in_a_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings({"state": "~/x"}).state == tmp_path / "x"


def test_code_cannot_give_a_value_that_does_not_fit() -> None:
    with pytest.raises(RequestRefused, match="workers = 0: Expected `int` >= 1"):
        Settings(workers=0)


def test_the_folders_are_those_of_the_xdg_specification() -> None:
    environment = {"XDG_STATE_HOME": "/var/state", "XDG_CONFIG_HOME": "/var/config"}
    assert default_state(environment) == Path("/var/state/innkeeper")
    assert config_file(environment) == Path("/var/config/innkeeper/config.toml")


def test_a_relative_xdg_folder_is_ignored() -> None:
    environment = {"XDG_STATE_HOME": "state", "HOME": "/var/empty"}
    assert default_state(environment) == Path("/var/empty/.local/state/innkeeper")


def test_settings_cannot_be_changed() -> None:
    settings = Settings()
    with pytest.raises(AttributeError):
        settings.workers = 2  # type: ignore[misc]


def test_the_workers_are_the_cores_by_default() -> None:
    assert Settings().workers == len(os.sched_getaffinity(0))
