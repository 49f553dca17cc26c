"""Resources of the host: numbers here, handles in the guest."""

from typing import Any, Final

import pytest
from core.driving import THINGS, call, compiled, compiled_text, refuse, started
from core.things import Shelf

from innkeeper_core.component import CannotInstantiate, Component, Instance, Limits, Linker, Trap
from innkeeper_core.values import FunctionType, Type, ValueMismatch

RESOURCES = compiled("resources")
# Exports functions whose own types have handles: of the host's resource, and of the guest's.
HANDED: Final = """(component
  (import "test:host/things" (instance $things
    (export "thing" (type $thing (sub resource)))
    (export "make" (func (param "number" u32) (result (own $thing))))))
  (alias export $things "thing" (type $thing))
  (core func $make (canon lower (func $things "make")))
  (core func $drop (canon resource.drop $thing))
  (core module $m
    (import "host" "make" (func $make (param i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    (import "host" "own" (func $own (param i32) (result i32)))
    (func (export "give") (param i32) (result i32) (call $make (local.get 0)))
    (func (export "pass") (param i32) (result i32) (local.get 0))
    (func (export "keep") (param i32))
    (func (export "lend") (param i32) (call $drop (local.get 0)))
    (func (export "mine") (result i32) (call $own (i32.const 9))))
  (type $counter (resource (rep i32)))
  (core func $own (canon resource.new $counter))
  (core instance $i (instantiate $m (with "host" (instance
    (export "make" (func $make)) (export "drop" (func $drop)) (export "own" (func $own))))))
  (export $exported "counter" (type $counter))
  (func (export "give") (param "n" u32) (result (own $thing)) (canon lift (core func $i "give")))
  (func (export "pass") (param "it" (own $thing)) (result (own $thing))
    (canon lift (core func $i "pass")))
  (func (export "keep") (param "it" (own $thing)) (canon lift (core func $i "keep")))
  (func (export "lend") (param "it" (borrow $thing)) (canon lift (core func $i "lend")))
  (func (export "mine") (result (own $exported)) (canon lift (core func $i "mine"))))"""


def shelved(of: Component = RESOURCES, **instead: Any) -> tuple[Instance, Shelf]:
    shelf = Shelf()
    return started(of, shelf.functions(**instead), drops=shelf.drops()), shelf


def test_a_constructed_thing_is_borrowed_by_its_number() -> None:
    instance, shelf = shelved()
    assert call(instance, RESOURCES, "label", "hammer") == "hammer"
    assert shelf.dropped == [1]


def test_owned_things_are_handed_over_both_ways() -> None:
    instance, shelf = shelved()
    assert call(instance, RESOURCES, "merge", "left", "right") == "leftright"
    assert shelf.dropped == [3]  # the two that were handed over are not dropped by the guest
    assert shelf.things == {}


def test_a_thing_that_is_taken_is_not_dropped() -> None:
    instance, shelf = shelved()
    assert call(instance, RESOURCES, "give", "hammer") == 6
    assert shelf.dropped == []


@pytest.mark.parametrize(("label", "found"), [("hammer", True), ("", False)])
def test_an_option_may_hold_a_thing(label: str, found: bool) -> None:
    instance, shelf = shelved()
    assert call(instance, RESOURCES, "find", label) is found
    assert shelf.things == {}


def test_a_list_may_hold_borrows() -> None:
    instance, shelf = shelved()
    assert call(instance, RESOURCES, "count-three") == 3
    assert shelf.asked == [(1, 2, 3)]
    assert shelf.dropped == [1, 2, 3]


def test_every_drop_is_reported_in_order() -> None:
    instance, shelf = shelved()
    assert call(instance, RESOURCES, "churn", 10_000) == 10_000
    assert shelf.dropped == list(range(1, 10_001))


def test_what_a_guest_hoards_is_not_dropped_by_closing() -> None:
    instance, shelf = shelved()
    call(instance, RESOURCES, "hoard", 50)
    instance.close()
    assert len(shelf.things) == 50
    assert shelf.dropped == []


def test_a_handle_that_was_dropped_is_a_trap() -> None:
    instance, _ = shelved()
    with pytest.raises(Trap, match="unknown handle index"):
        call(instance, RESOURCES, "use-after-drop")


def test_two_borrows_arrive_in_one_call() -> None:
    two = compiled("two-borrows")
    instance, shelf = shelved(two)
    assert call(instance, two, "run") == 1
    assert shelf.asked == [(1, 2)]
    assert shelf.dropped == [1, 2]


def test_two_borrows_in_one_call_trap_with_concurrency_on() -> None:
    # libwasmtime 50.0.1; when this fails the fault is gone, and one engine can serve all.
    two = compiled("two-borrows", concurrency=True)
    instance, shelf = shelved(two)
    with pytest.raises(Trap, match="deferred host scope has no call context"):
        call(instance, two, "run")
    assert shelf.asked == []


def test_borrows_in_one_list_trap_with_concurrency_on() -> None:
    of = compiled("resources", concurrency=True)
    instance, _ = shelved(of)
    with pytest.raises(Trap, match="deferred host scope"):
        call(instance, of, "count-three")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("label", ["a"]), ("merge", ["a", "b"]), ("give", ["a"]), ("find", ["a"]), ("churn", [5])],
)
def test_one_borrow_in_a_call_arrives_with_concurrency_on(
    name: str, arguments: list[object]
) -> None:
    of = compiled("resources", concurrency=True)
    instance, shelf = shelved(of)
    call(instance, of, name, *arguments)
    assert shelf.things == {}


@pytest.mark.parametrize("number", [-1, 1 << 32, "1", None, True, 1.0])
def test_a_number_that_no_thing_has_ends_the_call(number: object) -> None:
    instance, _ = shelved(RESOURCES, **{"[constructor]thing": lambda *_: number})
    with pytest.raises(ValueMismatch, match="the number of a resource"):
        call(instance, RESOURCES, "label", "x")
    assert not instance.alive


@pytest.mark.parametrize("number", [0, (1 << 32) - 1])
def test_a_thing_may_have_any_number_of_32_bits(number: int) -> None:
    seen: list[int] = []
    shelf = Shelf()
    shelf.things[number] = "thing"
    functions = shelf.functions(
        **{
            "[constructor]thing": lambda *_: number,
            "[method]thing.label": lambda _, it: seen.append(it) or "thing",  # type: ignore[func-returns-value]
        }
    )
    instance = started(RESOURCES, functions, drops=shelf.drops())
    assert call(instance, RESOURCES, "label", "x") == "thing"
    assert seen == shelf.dropped == [number]


def test_a_drop_handler_that_fails_ends_the_call_with_its_exception() -> None:
    error = KeyError("mine")

    def drop(*_: object) -> None:
        raise error

    instance = started(RESOURCES, Shelf().functions(), drops={(THINGS, "thing"): drop})
    with pytest.raises(KeyError) as caught:
        call(instance, RESOURCES, "label", "x")
    assert caught.value is error
    assert not instance.alive


def test_a_drop_handler_is_given_the_context() -> None:
    seen: list[object] = []
    instance = started(
        RESOURCES,
        Shelf().functions(),
        drops={(THINGS, "thing"): lambda context, number: seen.append((context, number))},
        context="mine",
    )
    call(instance, RESOURCES, "label", "x")
    assert seen == [("mine", 1)]


def test_a_resource_without_a_drop_handler_is_missing() -> None:
    linker = Linker(RESOURCES, Shelf().functions())
    assert linker.missing == ("test:host/things#thing",)
    with pytest.raises(CannotInstantiate, match="test:host/things#thing"):
        Instance(linker, Limits())


def test_an_exported_function_may_answer_with_the_host_s_thing() -> None:
    of = compiled_text(HANDED)
    assert of.function(None, "give").type == FunctionType(
        [("n", Type("u32"))], Type("own", resource=1)
    )
    instance, shelf = shelved(of)
    assert call(instance, of, "give", 7) == 1
    assert shelf.things == {1: "thing 7"}


def test_an_exported_function_may_be_handed_the_host_s_thing() -> None:
    of = compiled_text(HANDED)
    instance, shelf = shelved(of)
    assert [call(instance, of, "pass", number) for number in (5, 9)] == [5, 9]
    call(instance, of, "keep", 3)
    assert shelf.dropped == []
    assert instance.at_rest


def test_a_thing_that_an_exported_function_is_lent_comes_back() -> None:
    of = compiled_text(HANDED)
    instance, shelf = shelved(of)
    for number in range(1, 100):
        call(instance, of, "lend", number)
    assert shelf.dropped == []


def test_an_exported_function_that_answers_with_the_guest_s_own_thing_traps() -> None:
    of = compiled_text(HANDED)
    instance, _ = shelved(of, make=refuse)
    with pytest.raises(Trap, match="not the host's"):
        call(instance, of, "mine")
    assert not instance.alive


def test_an_argument_that_is_no_number_is_refused_before_the_call() -> None:
    of = compiled_text(HANDED)
    instance, _ = shelved(of)
    with pytest.raises(ValueMismatch, match="the number of a resource") as refused:
        call(instance, of, "pass", -1)
    assert refused.value.path == ("it",)
    assert instance.at_rest
