"""A component made ready to run."""

import os
from collections.abc import Callable

import pytest
from guests import component, guest
from unit.engine.workshop import INTERFACE, compiled, engines, in_memory, served

from innkeeper.engine.engines import Variant
from innkeeper.engine.program import POOL_RETRY_S, Imports, Program, exported_functions
from innkeeper.errors import ContractError
from innkeeper_core.component import Component, InvalidComponent


def pooled(name: str) -> Callable[[], Component]:
    image = compiled(name).serialize()

    def load() -> Component:
        descriptor = in_memory(image)
        try:
            return engines().pooled(Variant()).load(descriptor)
        finally:
            os.close(descriptor)

    return load


def program(
    source: str | bytes, imports: Imports | None = None, load: Callable[[], Component] | None = None
) -> Program:
    return Program(compiled(source), imports or Imports(), pooled=load)


def refused(source: str | bytes, imports: Imports | None = None) -> ContractError:
    with pytest.raises(ContractError) as error:
        program(source, imports).check_imports("x")
    return error.value


# What it imports.


def test_what_imports_nothing_is_satisfied() -> None:
    program("echo").check_imports("x")


def test_what_imports_served_functions_is_satisfied() -> None:
    program("host-call", served()).check_imports("x")


def test_imports_that_nobody_serves_are_listed() -> None:
    error = refused("host-call")
    names = [f"{INTERFACE}#{name}" for name in ("ping", "say", "wait")]
    assert error.code == "import_unsatisfied"
    assert error.details == {"imports": names}
    assert all(name in str(error) for name in names)


def test_only_those_that_nobody_serves_are_listed() -> None:
    imports = Imports({(INTERFACE, "ping"): print, (INTERFACE, "wait"): print})
    assert refused("host-call", imports).details == {"imports": [f"{INTERFACE}#say"]}


def test_a_resource_that_nobody_serves_is_listed() -> None:
    assert "test:host/things#thing" in str(refused("resources"))


def test_wasi_is_not_served() -> None:
    error = refused("wants-wasi")
    assert error.code == "import_unsatisfied"
    assert "wasi:clocks/monotonic-clock@0.2.0#now" in str(error)
    assert "wasi:cli/environment@0.2.0#get-environment" in str(error)


def test_wasi_of_the_future_is_unsupported() -> None:
    error = refused("wants-wasi-03")
    assert error.code == "component_unsupported"
    assert error.details == {"imports": ["wasi:clocks/monotonic-clock@0.3.0#now"]}


def test_thousands_of_imports_make_no_endless_message() -> None:
    names = [f"function-{n}" for n in range(1500)]
    imports = "".join(f'(import "{name}" (func))' for name in names)
    error = refused(component(f"(component {imports})"))
    assert error.code == "import_unsatisfied"
    assert isinstance(error.details, dict)
    assert len(str(error)) < 10_000
    assert len(error.details["imports"]) <= 1500


# What it exports, and where it runs.


def test_functions_are_found_at_the_root_and_in_interfaces() -> None:
    root = exported_functions(compiled("echo").exports)
    assert {name for _, name in root} == {"echo", "add", "nothing"}
    inside = exported_functions(compiled("interface-tools").exports)
    assert set(inside) == {
        ("test:tools/alpha", "run"),
        ("test:tools/beta@1.2.3", "run"),
        ("test:tools/beta@1.2.3", "only-beta"),
    }


def test_a_function_is_looked_up_once() -> None:
    loaded = program("echo").on_demand
    assert loaded.function((None, "echo")) is loaded.function((None, "echo"))


def test_a_function_that_is_not_exported_is_not_found() -> None:
    with pytest.raises(KeyError):
        program("echo").on_demand.function((None, "nope"))
    with pytest.raises(KeyError):
        program("echo").on_demand.function(("no:such/interface", "echo"))


def test_the_pooled_engine_is_asked_once() -> None:
    loads = []
    load = pooled("echo")

    def counted() -> Component:
        loads.append(1)
        return load()

    made = program("echo", load=counted)
    assert made.pooled() is made.pooled() is not None
    assert len(loads) == 1


@pytest.mark.parametrize("error", [InvalidComponent("no"), OSError(24, "x"), MemoryError()])
def test_what_the_pooled_engine_cannot_load_runs_on_demand(error: Exception) -> None:
    loads = []

    def fail() -> Component:
        loads.append(1)
        raise error

    made = program("echo", load=fail)
    assert made.pooled() is None
    assert made.pooled() is None
    assert len(loads) == 1


def test_a_full_pool_is_left_for_a_moment() -> None:
    made = program("echo", load=pooled("echo"))
    assert not made.pool_is_full
    made.leave_pool_for_now()
    assert made.pool_is_full
    assert POOL_RETRY_S < 1
    assert made.pooled() is not None


def test_a_pool_that_does_not_fit_is_left_for_ever() -> None:
    made = program("echo", load=pooled("echo"))
    made.leave_pool()
    assert made.pooled() is None


def test_a_component_in_two_engines_has_the_same_exports() -> None:
    assert compiled("echo").exports.functions == pooled("echo")().exports.functions
    assert guest("echo").startswith(b"\0asm")
