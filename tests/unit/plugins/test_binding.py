"""From exports to tools: which functions are tools, and what they are called."""

from __future__ import annotations

import pytest
from guests import component
from unit.engine.workshop import compiled
from unit.plugins.exports import NO_DOCS, bound, exports, ids, manifest

from innkeeper.contracts.package_docs import PackageDocs
from innkeeper.engine.engines import Variant
from innkeeper.errors import ContractError, ManifestError
from innkeeper.plugins.manifest import ToolEntry
from innkeeper_core.values import FunctionType, Type
from innkeeper_core.world import Items

ALPHA, BETA = "test:tools/alpha@1.0.0", "test:tools/beta@1.0.0"


def result(ok: Type | None, error: Type | None) -> FunctionType:
    return FunctionType([], Type("result", [ok, error]))


# Which functions are tools.


def test_every_function_at_the_root_is_a_tool() -> None:
    assert ids(compiled("echo").exports) == {
        "echo": "x.echo",
        "add": "x.add",
        "nothing": "x.nothing",
    }


def test_every_function_of_an_interface_is_a_tool() -> None:
    assert ids(compiled("interface-tools").exports) == {
        "test:tools/alpha#run": "x.alpha.run",
        "test:tools/beta@1.2.3#run": "x.beta.run",
        "test:tools/beta@1.2.3#only-beta": "x.only-beta",
    }


def test_what_toolchains_leave_behind_is_no_tool() -> None:
    assert ids(compiled("leftovers").exports) == {"real": "x.real"}


def test_a_function_with_a_resource_in_its_type_is_no_tool() -> None:
    assert ids(compiled("exported-resource").exports) == {"plain": "x.plain"}


@pytest.mark.parametrize("kind", ["own", "borrow"])
def test_a_resource_anywhere_in_a_type_makes_no_tool(kind: str) -> None:
    handle = Type(kind, resource=1)
    deep = Type("list", [Type("option", [Type("tuple", [Type("u8"), handle])])])
    for type_ in (
        FunctionType([("it", deep)]),
        FunctionType([], deep),
        result(handle, None),
        result(None, handle),
        FunctionType([], Type("variant", [None, handle], ["a", "b"])),
    ):
        assert bound(exports("f", type_=type_)) == []


def test_a_method_is_no_tool() -> None:
    assert bound(exports((ALPHA, "[static]thing.make"), (ALPHA, "[constructor]thing"))) == []


def test_a_component_without_functions_has_no_tools() -> None:
    assert bound(Items()) == []


def test_a_function_with_streams_makes_the_component_unsupported() -> None:
    with pytest.raises(ContractError, match="x: the export ") as error:
        bound(compiled("streams", Variant(concurrency=True)).exports)
    assert error.value.code == "component_unsupported"


def test_a_function_with_streams_in_an_interface_is_named_in_full() -> None:
    items = exports((ALPHA, "fine"))
    items.interfaces[ALPHA].unsupported["feed"] = "stream values are not supported"
    with pytest.raises(ContractError, match=f"{ALPHA}#feed: stream"):
        bound(items)


def test_what_is_unsupported_in_wasi_does_not_matter() -> None:
    items = exports("fine")
    items.interfaces["wasi:http/handler@0.3.0"] = Items()
    items.interfaces["wasi:http/handler@0.3.0"].unsupported["handle"] = "no streams"
    assert ids(items) == {"fine": "x.fine"}


# Their ids.


def test_functions_of_one_name_have_their_interface_in_their_ids() -> None:
    assert ids(exports((ALPHA, "run"), (BETA, "run"), (BETA, "only"))) == {
        f"{ALPHA}#run": "x.alpha.run",
        f"{BETA}#run": "x.beta.run",
        f"{BETA}#only": "x.only",
    }


def test_a_function_at_the_root_keeps_the_short_id() -> None:
    assert ids(exports("run", (ALPHA, "run"))) == {"run": "x.run", f"{ALPHA}#run": "x.alpha.run"}


def test_interfaces_of_one_name_have_their_package_in_their_ids() -> None:
    found = ids(exports(("a:one/tools@1.0.0", "run"), ("b:two/tools@1.0.0", "run")))
    assert set(found.values()) == {"x.a-one-tools.run", "x.b-two-tools.run"}


def test_two_versions_of_an_interface_have_the_version_in_their_ids() -> None:
    found = ids(exports(("a:one/tools@1.0.0", "run"), ("a:one/tools@2.0.0", "run")))
    assert set(found.values()) == {"x.a-one-tools-1.0.0.run", "x.a-one-tools-2.0.0.run"}


def test_an_interface_without_a_package_is_named_as_it_is() -> None:
    found = ids(exports(("left", "run"), ("right", "run")))
    assert set(found.values()) == {"x.left.run", "x.right.run"}


def test_no_two_functions_of_a_component_share_an_id() -> None:
    versions = [f"a:one/tools@{n}.0.0" for n in range(5)]
    others = ["a:two/tools", "b:one/tools", "b:one/more", "plain"]
    items = exports("run", *[(interface, "run") for interface in versions + others])
    found = ids(items)
    assert len(set(found.values())) == len(found) == 10


def test_two_interfaces_of_a_compiled_component_keep_their_functions_apart() -> None:
    wat = """(component
      (core module $m (func (export "r") (result i32) (i32.const 1)))
      (core instance $i (instantiate $m))
      (func $f (result u32) (canon lift (core func $i "r")))
      (component $c (import "f" (func $f (result u32))) (export "run" (func $f)))
      (instance $a (instantiate $c (with "f" (func $f))))
      (instance $b (instantiate $c (with "f" (func $f))))
      (export "test:tools/alpha@1.0.0" (instance $a))
      (export "test:tools/alpha@2.0.0" (instance $b)))"""
    assert len(set(ids(compiled(component(wat)).exports).values())) == 2


# What a tool says of itself.


def test_a_tool_without_an_entry_is_taken_to_reach_outside() -> None:
    (tool,) = (it.tool for it in bound(exports("look-up")))
    assert (tool.side_effects, tool.deterministic, tool.stability) == (
        "external",
        False,
        "experimental",
    )
    assert (tool.name, tool.title, tool.description) == ("x.look-up", "Look up", "")
    assert (tool.plugin, tool.version, tool.function) == ("x", "1.2.3", "look-up")


def test_an_entry_of_the_manifest_says_more() -> None:
    entry = ToolEntry(
        function="look-up",
        name="notes_search",
        side_effects="read",
        deterministic=True,
        stability="stable",
        title="Search",
        description="Finds notes.",
    )
    (tool,) = (it.tool for it in bound(exports("look-up"), manifest(entry)))
    assert (tool.id, tool.name, tool.title) == ("x.look-up", "notes_search", "Search")
    assert (tool.side_effects, tool.deterministic) == ("read", True)
    assert (tool.stability, tool.description) == ("stable", "Finds notes.")


def test_the_manifest_wins_over_the_components_documentation() -> None:
    docs = PackageDocs(functions={"f": "From WIT.", "g": "From WIT."}, types={})
    stated = manifest(ToolEntry(function="f", description="From the manifest."))
    texts = {it.tool.id: it.tool.description for it in bound(exports("f", "g"), stated, docs)}
    assert texts == {"x.f": "From the manifest.", "x.g": "From WIT."}


def test_an_entry_may_name_the_interface() -> None:
    stated = manifest(ToolEntry(function=f"{BETA}#run", title="Beta's"))
    titles = {
        it.tool.id: it.tool.title for it in bound(exports((ALPHA, "run"), (BETA, "run")), stated)
    }
    assert titles == {"x.alpha.run": "Run", "x.beta.run": "Beta's"}


def test_a_bare_name_is_enough_where_one_interface_has_it() -> None:
    stated = manifest(ToolEntry(function="run", title="The one"))
    assert [it.tool.title for it in bound(exports((ALPHA, "run")), stated)] == ["The one"]


def test_a_bare_name_is_first_that_of_the_function_at_the_root() -> None:
    stated = manifest(ToolEntry(function="run", title="Root's"))
    titles = {it.tool.id: it.tool.title for it in bound(exports((ALPHA, "run"), "run"), stated)}
    assert titles == {"x.run": "Root's", "x.alpha.run": "Run"}


def refused(items: Items, *entries: ToolEntry) -> ManifestError:
    with pytest.raises(ManifestError) as error:
        bound(items, manifest(*entries))
    return error.value


def test_a_bare_name_that_two_interfaces_have_is_refused() -> None:
    error = refused(exports((ALPHA, "run"), (BETA, "run")), ToolEntry(function="run"))
    assert error.code == "manifest_invalid"
    assert f"{ALPHA}#run" in str(error)
    assert f"{BETA}#run" in str(error)


def test_two_entries_for_one_function_are_refused() -> None:
    entries = ToolEntry(function="run"), ToolEntry(function=f"{ALPHA}#run")
    assert refused(exports((ALPHA, "run")), *entries).code == "manifest_invalid"


@pytest.mark.parametrize("function", ["nope", "init", "wasi:cli/run#run", "hidden"])
def test_an_entry_for_what_is_no_tool_is_refused(function: str) -> None:
    items = exports("real", "init", ("wasi:cli/run", "run"), ("innkeeper:a/b", "hidden"))
    error = refused(items, ToolEntry(function=function))
    assert "exports no such tool; it exports real" in str(error)


def test_a_refusal_lists_a_bounded_number_of_tools() -> None:
    error = refused(exports(*[f"function-{n}" for n in range(3000)]), ToolEntry(function="nope"))
    assert "and 2950 more" in str(error)
    assert len(str(error)) < 3000


# What it takes to call it.


def test_a_bound_tool_decodes_its_arguments() -> None:
    (tool,) = bound(exports("f"))
    assert tool.decode({"text": "hi"}) == ("hi",)


def test_a_function_that_answers_a_result_can_fail() -> None:
    (tool,) = bound(exports("f", type_=result(Type("list", [Type("u8")]), Type("u64"))))
    assert tool.fails
    assert tool.encode is not None
    assert tool.encode_error is not None
    assert tool.encode(b"\0\1") == "AAE="
    assert tool.encode_error(2**60) == str(2**60)
    assert tool.tool.error_schema is not None


def test_a_function_that_answers_no_result_cannot_fail() -> None:
    (tool,) = bound(exports("f"))
    assert (tool.fails, tool.encode_error, tool.tool.error_schema) == (False, None, None)


def test_a_result_without_types_answers_null() -> None:
    (tool,) = bound(exports("f", type_=result(None, None)))
    assert tool.fails
    assert tool.tool.output_schema == {"type": "null"}


def test_a_structured_result_is_wrapped_unless_it_is_an_object() -> None:
    point = Type("record", [Type("u8"), Type("u8")], ["x", "y"])
    (plain,) = bound(exports("f", type_=FunctionType([], Type("u8"))))
    (record,) = bound(exports("f", type_=FunctionType([], point)))
    assert (plain.tool.wraps_result, record.tool.wraps_result) == (True, False)
    assert record.tool.structured_schema == record.tool.output_schema
    assert plain.tool.structured_schema["required"] == ["result"]


def test_documentation_is_looked_up_by_the_name_of_the_export() -> None:
    assert NO_DOCS.function_text("f") is None
    docs = PackageDocs(functions={f"{ALPHA}#run": "Runs."}, types={})
    (tool,) = (it.tool for it in bound(exports((ALPHA, "run")), docs=docs))
    assert tool.description == "Runs."
