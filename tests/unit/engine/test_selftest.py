"""The check of libwasmtime itself."""

from unit.engine.workshop import engines

from innkeeper.engine.engines import Variant
from innkeeper.engine.selftest import two_borrows


def test_a_host_function_gets_two_borrows_with_concurrency_off() -> None:
    assert two_borrows(engines().on_demand(Variant())) is None


def test_the_library_is_as_faulty_as_decision_two_says() -> None:
    problem = two_borrows(engines().on_demand(Variant(concurrency=True)))
    assert problem is not None, "the fault is gone: concurrency can be on, see decision 002"
    assert "deferred host scope" in problem


def test_a_metered_engine_passes_too() -> None:
    assert two_borrows(engines().on_demand(Variant(fuel=True))) is None
