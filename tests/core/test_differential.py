"""Values through a guest and back: this bridge and wasmtime-py agree on every one.

Components are written for generated types; each function answers its argument. wasmtime-py has no
maps: there the expected value is the one that went in.
"""

from contextlib import suppress
from typing import Any

import pytest
from components.identity import identity
from components.value_types import MAPS, TYPES
from core.driving import call, compiled, engine, started
from core.oracle import Ambiguous, Oracle
from core.type_strategies import exact, types, values
from guests import component, guest
from hypothesis import given, settings
from hypothesis import strategies as st

from innkeeper_core.values import Type

VALUES_EACH = 20  # of each generated component


def agree(of: Any, oracle: Oracle, name: str, value: object) -> None:
    """Fail where one of the two answers something else than was given."""
    ty = of.function(None, name).type.result
    answer = call(started(of), of, name, value)
    assert exact(answer) == exact(value)
    with suppress(Ambiguous):
        assert exact(oracle.call(name, ty, value)) == exact(answer)


@pytest.mark.parametrize("name", TYPES)
def test_both_answer_alike_for_every_kind_of_type(name: str) -> None:
    of, oracle = compiled("types"), Oracle(guest("types"))
    ty = of.function(None, name).type.result
    assert ty is not None

    @given(values(ty))
    def alike(value: object) -> None:
        agree(of, oracle, name, value)

    alike()


@pytest.mark.parametrize("name", MAPS)
def test_maps_come_back_as_they_were(name: str) -> None:
    of = compiled("maps")
    ty = of.function(None, name).type.result
    assert ty is not None

    @given(values(ty))
    def the_same(value: object) -> None:
        assert exact(call(started(of), of, name, value)) == exact(value)

    the_same()


def alike_for_any_type(data: st.DataObject, ty: Type) -> None:
    binary = component.__wrapped__(identity({"f": ty}))
    of, oracle = engine().compile(binary), Oracle(binary)
    assert of.function(None, "f").type.result == ty
    for value in data.draw(st.lists(values(ty), min_size=1, max_size=VALUES_EACH)):
        agree(of, oracle, "f", value)


@settings(max_examples=1_000)
@given(st.data(), types(maps=False))
def test_both_answer_alike_for_any_type(data: st.DataObject, ty: Type) -> None:
    alike_for_any_type(data, ty)


@pytest.mark.soak
@given(st.data(), types(depth=6, maps=False))
def test_both_answer_alike_for_many_deep_types(data: st.DataObject, ty: Type) -> None:
    alike_for_any_type(data, ty)


@given(st.data(), types())
def test_any_type_with_maps_comes_back_as_it_was(data: st.DataObject, ty: Type) -> None:
    of = engine().compile(component.__wrapped__(identity({"f": ty})))
    assert of.function(None, "f").type.result == ty
    value = data.draw(values(ty))
    assert exact(call(started(of), of, "f", value)) == exact(value)
