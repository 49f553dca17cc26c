"""What a guest may take: memory, tables, instances, fuel."""

import pytest
from core.driving import call, compiled, compiled_text, finish, fresh, serving, started
from guests import guest

from innkeeper_core.component import (
    PENDING,
    CannotInstantiate,
    Component,
    Engine,
    Instance,
    Limits,
    Linker,
    Pooling,
    Trap,
)

MIB = 1 << 20
TWO_MEMORIES = """(component
  (core module $m (memory 1) (memory 1) (func (export "nothing")))
  (core instance $i (instantiate $m))
  (func (export "nothing") (canon lift (core func $i "nothing"))))"""
TWO_TABLES = TWO_MEMORIES.replace("(memory 1)", "(table 1 funcref)")
TWO_INSTANCES = """(component
  (core module $m (func (export "nothing")))
  (core instance $other (instantiate $m))
  (core instance $i (instantiate $m))
  (func (export "nothing") (canon lift (core func $i "nothing"))))"""


@pytest.mark.parametrize("limit_mib", [1, 16, 64])
def test_memory_grows_to_its_limit(limit_mib: int) -> None:
    bomb = compiled("memory-bomb")
    instance = started(bomb, limits=Limits(memory_bytes_max=limit_mib * MIB))
    assert call(instance, bomb, "grow") == limit_mib * 16
    assert instance.at_rest


def test_a_guest_that_wants_more_memory_than_its_limit_may_trap() -> None:
    bomb = compiled("memory-bomb")
    instance = started(bomb, limits=Limits(memory_bytes_max=MIB))
    with pytest.raises(Trap, match="unreachable"):
        call(instance, bomb, "hog")


def test_tables_grow_to_their_limit() -> None:
    bomb = compiled("table-bomb")
    instance = started(bomb, limits=Limits(table_elements_max=100_000))
    assert call(instance, bomb, "grow") == 100_000


@pytest.mark.parametrize(
    ("name", "limits", "text"),
    [
        ("memory-static", Limits(memory_bytes_max=64 * MIB), "memory minimum size of 1025 pages"),
        ("table-static", Limits(table_elements_max=100_000), "table minimum size of 100001"),
    ],
)
def test_no_instance_is_made_that_begins_above_a_limit(
    name: str, limits: Limits, text: str
) -> None:
    instance = fresh(compiled(name), limits=limits)
    with pytest.raises(CannotInstantiate, match=text):
        instance.instantiate()
    assert not instance.alive


@pytest.mark.parametrize(
    ("wat", "name"),
    [(TWO_MEMORIES, "memories_max"), (TWO_TABLES, "tables_max"), (TWO_INSTANCES, "instances_max")],
)
def test_things_are_counted(wat: str, name: str) -> None:
    of = compiled_text(wat)
    assert call(started(of, limits=Limits(**{name: 2})), of, "nothing") is None
    with pytest.raises(CannotInstantiate, match="too high"):
        started(of, limits=Limits(**{name: 1}))


def test_no_limit_is_a_limit_of_libwasmtime_s_own() -> None:
    of = compiled("memory-static")
    assert call(started(of, limits=Limits()), of, "nothing") is None


def test_fuel_runs_out() -> None:
    loop = compiled("loop", fuel=True)
    instance = started(loop, limits=Limits(fuel_max=100_000))
    with pytest.raises(Trap, match="all fuel consumed"):
        call(instance, loop, "endless")
    assert not instance.alive


def test_fuel_is_full_at_every_call() -> None:
    loop = compiled("loop", fuel=True)
    instance = started(loop, limits=Limits(fuel_max=1_000_000))
    left = []
    for _ in range(2):
        assert call(instance, loop, "spin", 1_000) == 1_000
        left.append(instance.fuel_left())
    assert left[0] == left[1]
    assert 0 < left[0] < 1_000_000


def test_fuel_is_not_metered_where_the_engine_does_not() -> None:
    loop = compiled("loop")
    instance = started(loop, limits=Limits(fuel_max=1))
    assert call(instance, loop, "spin", 1_000) == 1_000
    assert instance.fuel_left() == 0


def test_fuel_bounds_the_instantiation_too() -> None:
    with pytest.raises(Trap, match="all fuel consumed"):
        started(compiled("start-loop", fuel=True), limits=Limits(fuel_max=100_000))


def test_fuel_is_left_out_while_the_host_works() -> None:
    of = compiled("host-call", fuel=True)
    instance = started(of, serving(ping=lambda _, n: 1), limits=Limits(fuel_max=10_000_000))
    assert call(instance, of, "ping-many", 10) == 10
    assert instance.fuel_left() > 9_000_000


def test_a_deep_recursion_ends_within_the_stack() -> None:
    of = compiled("recursion")
    instance = started(of)
    assert call(instance, of, "dive-to", 1_000) == 1_000
    with pytest.raises(Trap, match="call stack exhausted"):
        call(instance, of, "dive")


def pooled(name: str, *, instances: int, memory_bytes_max: int = 64 * MIB) -> Component:
    pool = Pooling(
        instances=instances, memory_bytes_max=memory_bytes_max, table_elements_max=10_000
    )
    return Engine(pooling=pool, memory_reservation=memory_bytes_max).compile(guest(name))


def test_a_pool_has_room_for_its_instances_and_no_more() -> None:
    of = pooled("counter", instances=3)
    linker, limits = Linker(of), Limits()
    kept = [Instance(linker, limits) for _ in range(4)]
    for instance in kept[:3]:
        finish(instance, instance.instantiate())
    with pytest.raises((CannotInstantiate, Trap), match="maximum concurrent limit of 3"):
        kept[3].instantiate()
    kept[0].close()
    again = started(of)
    assert call(again, of, "next") == 1


def test_a_place_in_a_pool_is_clean_when_it_is_used_again() -> None:
    of = pooled("counter", instances=1)
    for _ in range(20):
        instance = started(of)
        assert [call(instance, of, "next") for _ in range(3)] == [1, 2, 3]
        instance.close()


def test_memory_in_a_pool_grows_to_its_limit() -> None:
    of = pooled("memory-bomb", instances=2)
    assert call(started(of, limits=Limits(memory_bytes_max=2 * MIB)), of, "grow") == 32


def test_a_guest_in_a_pool_that_loops_comes_back() -> None:
    of = pooled("loop", instances=1)
    instance = started(of)
    assert instance.invoke(of.function(None, "endless"), []) is PENDING
    instance.close()
    assert call(started(of), of, "spin", 5) == 5
