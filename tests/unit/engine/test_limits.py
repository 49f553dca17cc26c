"""What one plugin may use."""

import pytest

from innkeeper.engine.limits import Limits

POSITIVE = [
    "memory_bytes_max",
    "output_bytes_max",
    "input_bytes_max",
    "host_calls_max",
    "concurrency_max",
    "table_elements_max",
    "instances_max",
]


def test_the_defaults_are_those_of_the_manifest() -> None:
    limits = Limits()
    assert (limits.memory_bytes_max, limits.wall_s, limits.fuel_max) == (64 << 20, 5.0, 0)
    assert (limits.output_bytes_max, limits.input_bytes_max) == (1 << 20, 1 << 20)
    assert (limits.host_calls_max, limits.host_calls_per_s) == (1_000_000, 0)
    assert (limits.concurrency_max, limits.table_elements_max) == (8, 100_000)
    assert limits.instances_max == 64


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_that_cannot_be_off_is_at_least_one(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        Limits(**{name: value})
    assert Limits(**{name: 1})


@pytest.mark.parametrize("value", [0, -1, 86_401, float("inf"), float("nan")])
def test_the_wall_time_is_more_than_nothing_and_at_most_a_day(value: float) -> None:
    with pytest.raises(ValueError, match="wall_s must be"):
        Limits(wall_s=value)


@pytest.mark.parametrize("value", [-1, 1 << 63])
def test_fuel_fits_the_library(value: int) -> None:
    with pytest.raises(ValueError, match="fuel_max must"):
        Limits(fuel_max=value)


@pytest.mark.parametrize("value", [-0.1, float("inf"), float("nan")])
def test_host_calls_a_second_are_a_number(value: float) -> None:
    with pytest.raises(ValueError, match="host_calls_per_s must"):
        Limits(host_calls_per_s=value)


@pytest.mark.parametrize("name", POSITIVE)
def test_the_largest_number_of_a_manifest_breaks_nothing(name: str) -> None:
    assert getattr(Limits(**{name: 2**53 - 1}), name) == 2**53 - 1
