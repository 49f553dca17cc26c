"""Manifests: what they say when they are right, and which key is wrong when they are not."""

import string

import pytest
from guests import guest
from hypothesis import given
from hypothesis import strategies as st

from innkeeper.contracts.sections import COMPONENT_PREAMBLE, custom_section
from innkeeper.engine.limits import Limits
from innkeeper.errors import ContractError, ManifestError, RequestRefused
from innkeeper.plugins.manifest import (
    SECTION,
    Manifest,
    bare_manifest,
    parse_manifest,
    read_manifest,
)
from innkeeper.plugins.manifest_text import TEXT_BYTES_MAX

NAMED = '[plugin]\nname = "notes"\nversion = "1.2.0"\n'
WHOLE = """
[plugin]
name = "files"
version = "1.2.0-rc.1+build.5"
kind = "tool"
description = \"\"\"
Two lines,
the second one.\"\"\"
licence = "Apache-2.0"
world = "innkeeper:plugin/tool@0.1.0"
namespaces = ["files"]
deny = ["net:*", "io:egress:tools.files"]
stages = ["ingress"]

[build]
language = "python"
entry = "app.py"

[limits]
memory_bytes_max = 134217728
wall_s = 2

[reuse]
instance = "session"

[[capability]]
name = "fs:read"
scope = "/data"
reason = "reads the notes"
optional = true
expires_s = 60.5
budget = 10

[[tool]]
function = "search"
name = "notes_search"
side_effects = "read"
deterministic = true
stability = "stable"
title = "Search"
description = "Finds. What # is \\"in\\" it. a.b.c.d.e.f.g"

[[tool]]
function = "example:notes/index@1.0.0#search"
"""


def refusal(text: str | bytes) -> str:
    """The message with which a manifest is refused."""
    with pytest.raises(ManifestError) as refused:
        parse_manifest(text)
    assert refused.value.code == "manifest_invalid"
    return str(refused.value)


def test_a_whole_manifest_is_read() -> None:
    manifest = parse_manifest(WHOLE)
    assert manifest.plugin.name == "files"
    assert manifest.limits == Limits(memory_bytes_max=134217728, wall_s=2.0)
    assert manifest.reuse.instance == "session"
    assert manifest.capability[0].scope == "/data"
    assert [entry.name for entry in manifest.tool] == ["notes_search", None]


def test_what_is_not_said_has_safe_defaults() -> None:
    manifest = parse_manifest(NAMED + '[[tool]]\nfunction = "search"')
    tool = manifest.tool[0]
    assert (manifest.limits, manifest.reuse.instance) == (Limits(), "call")
    assert (tool.side_effects, tool.deterministic, tool.stability) == (
        "external",
        False,
        "experimental",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "plugin.toml: plugin is required"),
        ('[plugin]\nname = "a"', "plugin.version is required"),
        (NAMED + "colour = 3", "plugin.colour is not a known key"),
        ('"a b\\n" = 1\n' + NAMED, "plugin.toml: 'a b\\n' is not a known key"),
        (NAMED + '[[tool]]\nname = "x"', "tool[0].function is required"),
        ("plugin = 3", "plugin = 3: Expected `object`, got `int`"),
        (NAMED + "licence = 1979-05-27", "plugin.licence = a date or time"),
        (NAMED.replace("notes", "Notes"), 'plugin.name = "Notes": must be a letter'),
        (NAMED.replace("notes", "a" * 65), "must have at most 64 characters"),
        (NAMED.replace("1.2.0", "1.2"), 'plugin.version = "1.2": must be a version'),
        (NAMED.replace("1.2.0", "01.2.0"), "must be a version"),
        (NAMED + 'kind = "virus"', 'plugin.kind = "virus": must be one of tool, resources'),
        (NAMED + 'world = "here"', "must be a world such as"),
        (NAMED + 'namespaces = ["a", "a"]', "plugin.namespaces = an array: must be plugin names"),
        (NAMED + 'deny = ["net:*", ""]', "plugin.deny = an array: must be gate keys"),
        (NAMED + 'description = "\\u001b[2J"', "none of them a control character"),
        (NAMED + "[limits]\nmemory_bytes_max = 0", "limits.memory_bytes_max = 0: must be at least"),
        (NAMED + "[limits]\nwall_s = nan", "limits.wall_s = nan: must be a finite number"),
        (NAMED + "[limits]\nhost_calls_per_s = -inf", "must be a finite number"),
        (NAMED + "[limits]\nhost_calls_max = 9007199254740992", "beyond 53 bits"),
        (NAMED + "[limits]\nfuel = 3", "limits.fuel is not a known key"),
        (NAMED + '[reuse]\ninstance = "forever"', "must be one of call, session, plugin"),
        (NAMED + '[[tool]]\nfunction = "f"\nside_effects = "all"', "one of none, read, write, ext"),
        (NAMED + '[[tool]]\nfunction = "f"\nstability = "ok"', "one of experimental, beta, stable"),
        (
            NAMED + '[[tool]]\nfunction = "f"\nname = "a b"',
            'tool[0].name = "a b": must be 1 to 128',
        ),
        (NAMED + f'[[tool]]\nfunction = "f"\nname = "{"a" * 129}"', "must be 1 to 128"),
        (NAMED + '[[tool]]\nfunction = "f g"', "tool[0].function"),
        (NAMED + '[[tool]]\nfunction = "f"\ntitle = "a\\nb"', "tool[0].title"),
        (
            NAMED + '[[tool]]\nfunction = "f"\n' * 2,
            "tool = an array: must say each thing once, 'f'",
        ),
        (
            NAMED + '[[tool]]\nfunction = "f"\nname = "n"\n[[tool]]\nfunction = "g"\nname = "n"',
            "once, 'n' comes again",
        ),
        (NAMED + '[[capability]]\nname = "fs:read"\n' * 2, "capability = an array: must say each"),
        (NAMED + '[[capability]]\nname = "fs read"', "must be a capability such as fs:read"),
        (NAMED + '[[capability]]\nname = "a"\nexpires_s = -1', "expires_s = -1: must not be neg"),
        (NAMED + '[[capability]]\nname = "a"\nbudget = -1', "budget = -1: must not be negative"),
        (NAMED + "[plugin]", "is not TOML"),
        (b"\xff", "is not UTF-8 at byte 0"),
        ("\udc80", "is not UTF-8 at byte 0"),
        ("#" * (TEXT_BYTES_MAX + 1), f"at most {TEXT_BYTES_MAX} are read"),
        ("x = " + "[" * 5_000, "nested too deeply"),
        ("x = " + "1" * 5_000, "is not TOML"),
        ("x = 0x" + "f" * 5_000, "x is an integer beyond 53 bits"),
        ("a." * 100_000 + "a = 1", "line 1 has more than 4 dots"),
        (NAMED + '# a.b.c.d.e.f.g\nx = ["a.b.c.d.e.f"]', "plugin.x is not a known key"),
        (NAMED + '[[tool]]\nfunction = "f"\n' * 2_000, "tool = an array: must have at most 1024"),
    ],
)
def test_a_refused_manifest_is_told_the_key_the_value_and_the_rule(
    text: str | bytes, told: str
) -> None:
    assert told in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        '"' + '\\"' * 120_000,
        '"""' + "a\\" * 120_000,
        "'''" + "''" * 120_000,
        "x = " + "{a=" * 60_000,
        "[[a]]\n" * 40_000,
        "".join(f"a.b.c.d.e{number} = 1\n" for number in range(12_000)),
        "".join(f"[a.b.c.d.e{number}]\nf.g.h.i.j = 1\n" for number in range(8_000)),
        "=" * 200_000,
        '"\\' * 100_000,
    ],
)
def test_a_text_made_to_take_hours_is_refused_at_once(text: str) -> None:
    assert refusal(text)  # or this does not end


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_a_manifest_or_refused(text: str | bytes) -> None:
    with pytest.raises(ManifestError):
        parse_manifest(text)


VALUES = st.recursive(
    st.sampled_from(
        ["0", "-1", "1.5", "nan", "inf", "true", '"x"', '"call"', "1979-05-27", "9e99"]
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    max_leaves=4,
)
KEYS = st.sampled_from(
    ["name", "version", "kind", "deny", "wall_s", "memory_bytes_max", "instance", "function"]
) | st.text(string.ascii_lowercase, min_size=1, max_size=3)
TABLES = st.sampled_from(
    ["[plugin]", "[limits]", "[reuse]", "[build]", "[[tool]]", "[[capability]]", "[limits.x]"]
)
LINES = st.one_of(TABLES, st.builds("{} = {}".format, KEYS, VALUES))


@given(st.lists(LINES, max_size=12))
def test_any_tables_are_a_manifest_or_refused(lines: list[str]) -> None:
    try:
        manifest = parse_manifest(NAMED + "\n".join(lines))
    except ManifestError as refused:
        assert "\n" not in str(refused).partition("is not TOML")[0]
    else:
        assert isinstance(manifest, Manifest)


def test_a_component_without_the_section_has_no_manifest() -> None:
    assert read_manifest(guest("echo")) is None


def test_a_component_carries_its_manifest_in_a_section() -> None:
    component = guest("echo") + custom_section(SECTION, NAMED.encode())
    found = read_manifest(component)
    assert found is not None
    assert found.plugin.name == "notes"


def test_two_sections_are_one_too_many() -> None:
    component = COMPONENT_PREAMBLE + custom_section(SECTION, NAMED.encode()) * 2
    with pytest.raises(ManifestError, match="there are 2 sections innkeeper:manifest"):
        read_manifest(component)


def test_a_section_that_is_cut_off_is_an_invalid_component() -> None:
    component = COMPONENT_PREAMBLE + custom_section(SECTION, NAMED.encode())
    with pytest.raises(ContractError) as refused:
        read_manifest(component[:-1], subject="notes.wasm")
    assert refused.value.code == "component_invalid"
    assert str(refused.value).startswith("notes.wasm: ")


@pytest.mark.parametrize(
    ("stem", "name"),
    [("notes", "notes"), ("My_Notes.v2", "my-notes-v2"), ("a--b", "a-b"), ("x 1 ", "x-1")],
)
def test_a_bare_component_is_named_after_its_file(stem: str, name: str) -> None:
    manifest = bare_manifest(stem)
    assert (manifest.plugin.name, manifest.plugin.version) == (name, "0.0.0")


@pytest.mark.parametrize("stem", ["", "1st", "naïve", "-", "a" * 65, "a\nb", "\udc80", "../x"])
def test_a_file_name_that_makes_no_plugin_name_is_refused(stem: str) -> None:
    with pytest.raises(RequestRefused, match="makes no plugin name") as refused:
        bare_manifest(stem)
    assert refused.value.code == "validation_failed"


@given(st.text(max_size=80))
def test_any_stem_makes_a_valid_name_or_is_refused(stem: str) -> None:
    try:
        name = bare_manifest(stem).plugin.name
    except RequestRefused:
        return
    assert parse_manifest(NAMED.replace("notes", name)).plugin.name == name
