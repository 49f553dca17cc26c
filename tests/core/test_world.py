"""What is read of a component's imports and exports, of good ones and of hostile ones."""

from collections.abc import Iterable
from typing import Final

import pytest
from components.value_types import MAPS, TYPES, Shape
from core.driving import THINGS, compiled, compiled_text, engine
from guests import component

from innkeeper_core.component import Component, InvalidComponent
from innkeeper_core.values import FunctionType, Type
from innkeeper_core.world import Items

STRING, U32 = Type("string"), Type("u32")
CODE: Final = """(core module $m (memory (export "m") 1)
  (func (export "f") (param i32)) (func (export "two") (param i32 i32))
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
(core instance $i (instantiate $m))"""
OPTIONS: Final = '(memory (core memory $i "m")) (realloc (core func $i "realloc"))'


def type_of(shape: Shape | None) -> Type | None:
    if shape is None:
        return None
    return Type(shape.kind, [type_of(below) for below in shape.types], shape.names)


def hostile(types: Iterable[str], param: str, *, core: str = "f", functions: int = 1) -> Component:
    """A component whose functions take a type that is built up by these definitions."""
    exports = (
        f'(func (export "f{n}") (param "x" {param}) (canon lift (core func $i "{core}") {OPTIONS}))'
        for n in range(functions)
    )
    text = f"(component {CODE} {' '.join(types)} {' '.join(exports)})"
    return engine().compile(component(text))


def test_functions_have_their_names_and_types() -> None:
    assert compiled("echo").exports.functions == {
        "echo": FunctionType([("text", STRING)], STRING),
        "add": FunctionType([("a", U32), ("b", U32)], U32),
        "nothing": FunctionType(),
    }


@pytest.mark.parametrize(("guest", "shapes"), [("types", TYPES), ("maps", MAPS)])
def test_every_value_type_is_read_whole(guest: str, shapes: dict[str, Shape]) -> None:
    functions = compiled(guest).exports.functions
    assert {name: function.result for name, function in functions.items()} == {
        name: type_of(shape) for name, shape in shapes.items()
    }


def test_async_functions_are_told_apart() -> None:
    functions = compiled("async-export", concurrency=True).exports.functions
    assert functions["echo"] == FunctionType([("text", STRING)], STRING, is_async=True)
    assert all(function.is_async for function in functions.values())


def test_components_with_async_functions_need_an_engine_with_concurrency() -> None:
    with pytest.raises(InvalidComponent, match="async"):
        compiled("async-export")


def test_interfaces_are_items_of_their_own() -> None:
    exports = compiled("interface-tools").exports
    assert exports.functions == {}
    assert sorted(exports.interfaces) == ["test:tools/alpha", "test:tools/beta@1.2.3"]
    assert exports.interfaces["test:tools/beta@1.2.3"].functions == {
        "run": FunctionType([("n", U32)], U32),
        "only-beta": FunctionType([], U32),
    }


def test_imports_are_read_as_exports_are() -> None:
    imports = compiled("host-call").imports
    assert imports.functions == {}
    assert imports.interfaces["test:host/calls"].functions == {
        "ping": FunctionType([("n", U32)], U32),
        "say": FunctionType([("text", STRING)], STRING),
        "wait": FunctionType([("ms", U32)]),
    }


def test_a_resource_has_one_number_wherever_it_is_used() -> None:
    things = compiled("resources").imports.interfaces[THINGS]
    own, lent = Type("own", resource=1), Type("borrow", resource=1)
    assert things.resources == {"thing": 1}
    assert things.functions["[constructor]thing"] == FunctionType([("label", STRING)], own)
    assert things.functions["[method]thing.label"] == FunctionType([("self", lent)], STRING)
    assert things.functions["[static]thing.merge"] == FunctionType(
        [("left", own), ("right", own)], own
    )
    assert things.functions["count"] == FunctionType([("items", Type("list", [lent]))], U32)


def test_two_resources_have_two_numbers() -> None:
    imports = compiled_text("""(component
      (import "a:b/one" (instance $one (export "it" (type (sub resource)))))
      (alias export $one "it" (type $it))
      (import "a:b/two" (instance
        (export "same" (type $same (eq $it)))
        (export "other" (type $other (sub resource)))
        (export "swap" (func (param "it" (own $same)) (result (own $other)))))))""").imports
    one, two = imports.interfaces["a:b/one"], imports.interfaces["a:b/two"]
    assert one.resources == {"it": 1}
    assert two.resources == {"same": 1, "other": 2}
    assert two.functions["swap"] == FunctionType(
        [("it", Type("own", resource=1))], Type("own", resource=2)
    )


def test_types_are_named_among_the_others() -> None:
    exports = compiled("types").exports
    assert len(exports.others) == len(set(exports.others)) > 5
    assert exports.unsupported == {}


@pytest.mark.parametrize(("name", "kind"), [("feed", "stream"), ("later", "future")])
def test_a_function_of_a_stream_or_future_is_unsupported(name: str, kind: str) -> None:
    exports = compiled("streams", concurrency=True).exports
    assert exports.unsupported[name] == f"{kind} values are not supported"
    assert name not in exports.functions
    assert exports.functions["plain"] == FunctionType([], U32)
    with pytest.raises(KeyError):
        compiled("streams", concurrency=True).function(None, name)


def test_core_modules_are_unsupported_as_items() -> None:
    of = compiled_text("""(component
      (import "needed" (core module)) (core module $m) (export "given" (core module $m)))""")
    assert list(of.imports.unsupported) == ["needed"]
    assert "not supported" in of.exports.unsupported["given"]


def test_a_component_without_anything_has_no_items() -> None:
    of = compiled_text("(component)")
    for items in (of.imports, of.exports):
        assert (items.functions, items.interfaces, items.resources) == ({}, {}, {})
        assert (items.unsupported, items.others) == ({}, ())


def test_items_begin_empty() -> None:
    assert Items().functions == {}


def doubled(times: int) -> list[str]:
    return ["(type $t0 u8)"] + [
        f"(type $t{n} (tuple $t{n - 1} $t{n - 1}))" for n in range(1, times + 1)
    ]


def test_a_type_of_a_thousand_nodes_is_read() -> None:
    of = hostile(doubled(9), "$t9")
    function = of.exports.functions["f0"]
    assert str(function).count("u8") == 2**9


@pytest.mark.parametrize("times", [13, 16])
def test_a_type_of_too_many_nodes_is_unsupported(times: int) -> None:
    of = hostile(doubled(times), f"$t{times}")
    assert "larger than 10000 nodes" in of.exports.unsupported["f0"]


def test_a_type_of_2_to_the_30_nodes_is_refused_at_once() -> None:
    with pytest.raises(InvalidComponent, match="type size exceeds"):
        hostile(doubled(30), "$t30")


def nested(depth: int) -> list[str]:
    return ["(type $t0 u8)"] + [f"(type $t{n} (list $t{n - 1}))" for n in range(1, depth + 1)]


def test_a_deep_type_is_read() -> None:
    of = hostile(nested(80), "$t80", core="two")
    assert str(of.exports.functions["f0"]).count("list") == 80


@pytest.mark.parametrize("depth", [101, 1_000])
def test_a_type_that_is_too_deep_is_refused(depth: int) -> None:
    with pytest.raises(InvalidComponent, match="nesting is too deep"):
        hostile(nested(depth), f"$t{depth}", core="two")


def enum(cases: int, name: str = "c") -> list[str]:
    names = " ".join(f'"{name}{n}"' for n in range(cases))
    return [f"(type $inner (enum {names}))", '(export $e "e" (type $inner))']


def test_an_enum_of_a_thousand_cases_is_read() -> None:
    function = hostile(enum(1_000), "$e").exports.functions["f0"]
    assert function.params[0][1] == Type("enum", names=[f"c{n}" for n in range(1_000)])


def test_names_count_against_the_size_of_a_type() -> None:
    assert "larger than" in hostile(enum(9_000), "$e").exports.unsupported["f0"]
    long = hostile(enum(100, "n" * 5_000), "$e")
    assert "larger than" in long.exports.unsupported["f0"]


def test_a_large_type_that_is_used_a_thousand_times_is_read_a_bounded_number_of_times() -> None:
    exports = hostile(enum(1_000), "$e", functions=1_000).exports
    assert 20 < len(exports.functions) < 200
    assert len(exports.functions) + len(exports.unsupported) == 1_000


@pytest.mark.parametrize("item", ['(export "t{}" (type $t))', '(import "f{}" (func))'])
def test_a_component_of_too_many_items_is_refused(item: str) -> None:
    items = " ".join(item.format(n) for n in range(2_001))
    binary = component(f"(component (type $t (tuple u8)) {items})")
    with pytest.raises(InvalidComponent, match="more than 2000 imports or exports"):
        engine().compile(binary)


def test_an_interface_of_too_many_items_is_unsupported() -> None:
    functions = " ".join(f'(export "f{n}" (func))' for n in range(2_001))
    of = compiled_text(f'(component (import "a:b/large" (instance {functions})))')
    assert "more than 2000 items" in of.imports.unsupported["a:b/large"]


def test_an_interface_under_many_names_is_read_a_bounded_number_of_times() -> None:
    functions = " ".join(f'(export "f{n}" (func))' for n in range(900))
    interfaces = " ".join(f'(import "a:b/i{n}" (instance (type $large)))' for n in range(1_000))
    of = compiled_text(f"(component (type $large (instance {functions})) {interfaces})")
    assert 0 < len(of.imports.interfaces) < 1_000
    assert len(of.imports.interfaces) + len(of.imports.unsupported) == 1_000


def test_interfaces_inside_each_other_are_read_to_a_depth() -> None:
    inner = '(export "f" (func))'
    for n in range(8):
        inner = f'(export "i{n}" (instance {inner}))'
    items = compiled_text(f'(component (import "a:b/deep" (instance {inner})))').imports
    depth = 0
    while items.interfaces:
        depth, items = depth + 1, next(iter(items.interfaces.values()))
    assert depth == 4
    assert len(items.unsupported) == 1
