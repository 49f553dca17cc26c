"""What may cross between guest and host: input, output, host arguments, host calls."""

import time
from typing import Any

import pytest
from components.value_types import TYPES
from core.driving import call, compiled, compiled_text, serving, started
from core.relay import relay
from core.type_strategies import exact, values
from hypothesis import given, settings

from innkeeper_core.component import LimitHit, Limits, Trap
from innkeeper_core.values import Type, size_of

KIB, MIB = 1 << 10, 1 << 20
STRING = Type("string")
ECHO, OUTPUT, TYPED = compiled("echo"), compiled("output"), compiled("types")
HOST_CALL, FLOOD = compiled("host-call"), compiled("flood")


def test_an_input_may_be_as_large_as_its_limit() -> None:
    instance = started(ECHO, limits=Limits(input_bytes_max=KIB))
    text = "x" * (KIB - 1)
    assert size_of(STRING, text) == KIB
    assert call(instance, ECHO, "echo", text) == text


@pytest.mark.parametrize("text", ["x" * KIB, "é" * (KIB // 2), "x" * 10 * MIB])
def test_an_input_over_its_limit_leaves_the_instance_at_rest(text: str) -> None:
    instance = started(ECHO, limits=Limits(input_bytes_max=KIB))
    with pytest.raises(LimitHit) as hit:
        instance.invoke(ECHO.function(None, "echo"), [text])
    assert hit.value.limit == "input"
    assert call(instance, ECHO, "echo", "hi") == "hi"


def test_all_arguments_count_together() -> None:
    of = compiled("parameters")
    instance = started(of, limits=Limits(input_bytes_max=90))
    assert call(instance, of, "gather", *["x" * 9] * 9) == ["x" * 9] * 9
    with pytest.raises(LimitHit, match="input"):
        instance.invoke(of.function(None, "gather"), ["x" * 10] * 9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("same-bytes", bytes(200 * MIB)),
        ("same-flags-list", [True] * 5_000_000),
        ("same-matrix", [[]] * 5_000_000),
        ("same-strings", ["x" * MIB] * 100),
        ("same-points", [{"x": 1, "y": 0.0, "label": ""}] * 1_000_000),
    ],
)
def test_an_input_far_over_its_limit_is_not_even_copied(name: str, value: Any) -> None:
    # In libwasmtime's form 200 MiB of bytes are 6.4 GB: the address space would not hold them.
    instance = started(TYPED, limits=Limits(input_bytes_max=MIB))
    with pytest.raises(LimitHit, match="input"):
        instance.invoke(TYPED.function(None, name), [value])
    assert instance.at_rest


@pytest.mark.parametrize("size", [0, 1, KIB - 1])
def test_an_output_may_be_as_large_as_its_limit(size: int) -> None:
    instance = started(OUTPUT, limits=Limits(output_bytes_max=KIB))
    assert call(instance, OUTPUT, "big", size) == "a" * size
    assert call(instance, OUTPUT, "big-list", size) == b"a" * size


@pytest.mark.parametrize(("name", "size"), [("big", KIB), ("big", 20 * MIB), ("big-list", KIB)])
def test_an_output_over_its_limit_ends_the_instance(name: str, size: int) -> None:
    instance = started(OUTPUT, limits=Limits(output_bytes_max=KIB))
    with pytest.raises(LimitHit) as hit:
        call(instance, OUTPUT, name, size)
    assert hit.value.limit == "output"
    assert not instance.alive


def test_one_text_under_many_names_counts_every_time() -> None:
    of = compiled("aliases")
    instance = started(of, limits=Limits(output_bytes_max=MIB))
    with pytest.raises(LimitHit, match="output"):
        call(instance, of, "aliases", 20, 100 * KIB)


def test_more_than_libwasmtime_copies_is_a_trap() -> None:
    of = compiled("aliases")
    with pytest.raises(Trap, match="too much data is being copied"):
        call(started(of), of, "many")


def test_a_text_behind_a_byte_counts() -> None:
    pair = Type("tuple", [Type("u8"), STRING])
    of = compiled_text(relay({"f": pair}))
    instance = started(
        of, {(None, "f"): lambda *_: (1, "x" * 100_000)}, limits=Limits(output_bytes_max=KIB)
    )
    with pytest.raises(LimitHit, match="output"):
        call(instance, of, "f", (1, "small"))


def test_host_arguments_are_bounded() -> None:
    instance = started(HOST_CALL, serving(say=lambda _, text: text[:5]))
    assert call(instance, HOST_CALL, "relay", "x" * 15 * MIB) == "x" * 5
    with pytest.raises(LimitHit) as hit:
        call(instance, HOST_CALL, "relay", "x" * 17 * MIB)
    assert hit.value.limit == "host_arguments"
    assert not instance.alive


def test_a_handler_is_not_called_with_arguments_over_their_bound() -> None:
    instance = started(HOST_CALL, serving())
    with pytest.raises(LimitHit, match="host_arguments"):
        call(instance, HOST_CALL, "relay", "x" * 17 * MIB)


@pytest.mark.parametrize("made", [10, 11])
def test_host_calls_are_bounded(made: int) -> None:
    heard: list[int] = []

    def ping(_: object, number: int) -> int:
        heard.append(number)
        return 1

    instance = started(HOST_CALL, serving(ping=ping), limits=Limits(host_calls_max=10))
    if made == 10:
        assert call(instance, HOST_CALL, "ping-many", made) == 10
        assert call(instance, HOST_CALL, "ping-many", made) == 10  # each call has its own
        return
    with pytest.raises(LimitHit) as hit:
        call(instance, HOST_CALL, "ping-many", made)
    assert hit.value.limit == "host_calls"
    assert heard == list(range(10))
    assert not instance.alive


def test_a_flood_of_host_calls_ends() -> None:
    instance = started(FLOOD, serving(ping=lambda *_: 0), limits=Limits(host_calls_max=50_000))
    with pytest.raises(LimitHit, match="host_calls"):
        call(instance, FLOOD, "flood")


def test_host_calls_per_second_allow_a_second_s_worth_at_once() -> None:
    limits = Limits(host_calls_per_s=100)
    instance = started(HOST_CALL, serving(ping=lambda *_: 1), limits=limits)
    assert call(instance, HOST_CALL, "ping-many", 100) == 100
    with pytest.raises(LimitHit) as hit:
        call(instance, HOST_CALL, "ping-many", 1_000)
    assert hit.value.limit == "host_calls_per_s"
    assert not instance.alive


def test_host_calls_per_second_are_shared_by_the_instances_of_one_limits() -> None:
    limits = Limits(host_calls_per_s=0.01)
    one, other = (started(HOST_CALL, serving(ping=lambda *_: 1), limits=limits) for _ in range(2))
    assert call(one, HOST_CALL, "ping-many", 1) == 1
    with pytest.raises(LimitHit, match="host_calls_per_s"):
        call(other, HOST_CALL, "ping-many", 1)


def test_host_calls_per_second_come_back_with_time() -> None:
    limits = Limits(host_calls_per_s=1_000)
    instance = started(HOST_CALL, serving(ping=lambda *_: 1), limits=limits)
    assert call(instance, HOST_CALL, "ping-many", 1_000) == 1_000
    time.sleep(0.05)
    assert call(instance, HOST_CALL, "ping-many", 20) == 20


@pytest.mark.parametrize("name", TYPES)
def test_a_value_passes_with_a_limit_of_its_size_and_not_with_less(name: str) -> None:
    function = TYPED.function(None, name)
    ty = function.type.result
    assert ty is not None

    @settings(max_examples=20)
    @given(values(ty))
    def passes(value: object) -> None:
        size = size_of(ty, value)
        enough = started(TYPED, limits=Limits(input_bytes_max=size, output_bytes_max=size))
        assert exact(call(enough, TYPED, name, value)) == exact(value)
        if size > 1:  # 0 is no limit
            with pytest.raises(LimitHit, match="input"):
                enough_but_one = started(TYPED, limits=Limits(input_bytes_max=size - 1))
                call(enough_but_one, TYPED, name, value)
            with pytest.raises(LimitHit, match="output"):
                call(started(TYPED, limits=Limits(output_bytes_max=size - 1)), TYPED, name, value)

    passes()
