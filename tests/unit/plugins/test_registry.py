"""The one registry of tools."""

from __future__ import annotations

import pytest
from unit.plugins.exports import bound, exports, manifest

from innkeeper.errors import RequestRefused
from innkeeper.plugins.binding import BoundTool
from innkeeper.plugins.manifest import ToolEntry
from innkeeper.plugins.registry import Registry


def tools(
    plugin: str, *functions: str, version: str = "1.2.3", names: dict[str, str] | None = None
) -> list[BoundTool]:
    entries = [ToolEntry(function=f, name=name) for f, name in (names or {}).items()]
    return bound(exports(*functions), manifest(*entries, name=plugin, version=version))


def registry(*added: list[BoundTool]) -> Registry:
    made = Registry()
    for plugin in added:
        made.add(plugin)
    return made


def listed(of: Registry) -> list[str]:
    return [tool.id for tool in of.tools()]


def conflict(of: Registry, added: list[BoundTool]) -> RequestRefused:
    before = listed(of)
    with pytest.raises(RequestRefused) as refused:
        of.add(added)
    assert refused.value.code == "conflict"
    assert listed(of) == before
    return refused.value


def test_an_empty_registry_lists_nothing() -> None:
    assert listed(Registry()) == []


def test_tools_are_sorted_by_id() -> None:
    assert listed(registry(tools("b", "z", "a"), tools("a", "m"))) == ["a.m", "b.a", "b.z"]


def test_the_list_is_the_same_object_until_something_changes() -> None:
    made = registry(tools("a", "f"))
    before = made.tools()
    assert made.tools() is before
    made.add(tools("b", "f"))
    assert made.tools() is not before
    assert len(before) == 1


@pytest.mark.parametrize("name", ["a.f", "a.f@1", "a.f@1.2", "a.f@1.2.3"])
def test_a_tool_is_found_by_id_and_version(name: str) -> None:
    assert registry(tools("a", "f", "g")).get(name).tool.id == "a.f"


@pytest.mark.parametrize(
    "name",
    ["", "a", "f", "a.", "a.F", "a.f@", "a.f@2", "a.f@1.3", "a.f@1.2.4", "a.f@1.2.3.4", "a.f "],
)
def test_what_is_no_tool_is_not_found(name: str) -> None:
    made = registry(tools("a", "f"))
    assert made.find(name) is None
    with pytest.raises(RequestRefused) as refused:
        made.get(name)
    assert refused.value.code == "not_found"


def test_a_message_about_a_tool_that_is_not_there_is_bounded() -> None:
    with pytest.raises(RequestRefused) as refused:
        Registry().get("x" * 1_000_000)
    assert len(str(refused.value)) < 300


def test_a_version_with_a_pre_release_is_found() -> None:
    made = registry(tools("a", "f", version="2.0.0-rc.1+build.5"))
    for name in ("a.f@2", "a.f@2.0", "a.f@2.0.0-rc.1+build.5"):
        assert made.get(name).tool.id == "a.f"


def test_a_tool_is_found_by_its_mcp_name_and_by_its_id() -> None:
    made = registry(tools("a", "f", names={"f": "search"}))
    assert made.get("search") is made.get("a.f")


def test_a_plugin_of_the_same_tools_is_a_conflict() -> None:
    error = conflict(registry(tools("a", "f")), tools("a", "g", "f", version="9.0.0"))
    assert "a.f" in str(error)


def test_an_mcp_name_that_is_taken_is_a_conflict() -> None:
    made = registry(tools("a", "f", names={"f": "search"}))
    error = conflict(made, tools("b", "f", names={"f": "search"}))
    assert "a tool of a, f, already has this name" in str(error)


def test_an_mcp_name_that_is_another_tools_id_is_a_conflict() -> None:
    conflict(registry(tools("a", "f")), tools("b", "f", names={"f": "a.f"}))
    conflict(registry(tools("b", "f", names={"f": "a.f"})), tools("a", "f"))


def test_a_plugin_whose_own_tools_share_a_name_is_a_conflict() -> None:
    conflict(Registry(), tools("a", "f", "g", names={"f": "a.g"}))


def test_all_of_a_plugin_or_nothing_of_it_is_added() -> None:
    made = registry(tools("a", "f", names={"f": "search"}))
    conflict(made, tools("b", "f", "g", names={"g": "search"}))
    assert made.find("b.f") is None
    made.add(tools("b", "f", "g"))
    assert listed(made) == ["a.f", "b.f", "b.g"]


def test_a_removed_plugin_leaves_nothing() -> None:
    made = registry(tools("a", "f", names={"f": "search"}), tools("b", "f"))
    made.remove("a")
    assert listed(made) == ["b.f"]
    assert [made.find(name) for name in ("a.f", "a.f@1", "search")] == [None] * 3
    made.add(tools("a", "f", names={"f": "search"}))
    assert made.get("search").tool.id == "a.f"


def test_removing_what_is_not_there_changes_nothing() -> None:
    made = registry(tools("a", "f"))
    made.remove("b")
    assert listed(made) == ["a.f"]
