"""How many instances may live at once."""

from pathlib import Path

import pytest

from innkeeper.engine import capacity as module
from innkeeper.engine.capacity import Capacity, max_map_count
from innkeeper.errors import LimitExceeded


def taken(capacity: Capacity, memories: int = 1, most: int = 100_000) -> int:
    """How many more instances it has room for."""
    weights: list[int] = []
    try:
        while len(weights) < most:
            weights.append(capacity.take(memories))
    except LimitExceeded:
        pass
    for weight in weights:
        capacity.give(weight)
    return len(weights)


def test_no_more_instances_live_than_the_setting_says() -> None:
    capacity = Capacity(3)
    assert taken(capacity) == 3
    assert capacity.instances == 0


def test_what_was_given_back_can_be_taken_again() -> None:
    capacity = Capacity(1)
    weight = capacity.take(1)
    capacity.give(weight)
    assert taken(capacity) == 1


def test_a_refusal_asks_to_come_back_later() -> None:
    capacity = Capacity(1)
    capacity.take(1)
    with pytest.raises(LimitExceeded, match="1 instances live") as refused:
        capacity.take(1)
    assert (refused.value.code, refused.value.retry_after_s) == ("rate_limited", 1.0)
    assert capacity.instances == 1


def test_a_fifth_of_the_mappings_is_left_for_the_process_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "max_map_count", lambda: 1000)
    weight = Capacity().take(1)
    assert taken(Capacity()) == 800 // weight


def test_an_instance_with_more_memories_takes_more_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "max_map_count", lambda: 1000)
    assert taken(Capacity(), memories=8) < taken(Capacity(), memories=1) / 4


def test_ten_thousand_instances_with_one_memory_fit_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "max_map_count", lambda: module.MAX_MAP_COUNT_DEFAULT)
    assert taken(Capacity()) >= 10_000


def test_the_kernel_says_how_many_mappings_there_may_be() -> None:
    assert max_map_count() >= 1024


def test_the_default_of_linux_is_taken_where_the_kernel_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreadable(_: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", unreadable)
    assert max_map_count() == 65_530
