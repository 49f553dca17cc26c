"""How many instances may live at once."""

import threading
from pathlib import Path

import pytest

from innkeeper.engine import capacity as module
from innkeeper.engine.capacity import Capacity, Mappings, max_map_count
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
    capacity = Capacity(3, Mappings())
    assert taken(capacity) == 3
    assert capacity.instances == 0


def test_what_was_given_back_can_be_taken_again() -> None:
    capacity = Capacity(1, Mappings())
    weight = capacity.take(1)
    capacity.give(weight)
    assert taken(capacity) == 1


def test_a_refusal_asks_to_come_back_later() -> None:
    capacity = Capacity(1, Mappings())
    capacity.take(1)
    with pytest.raises(LimitExceeded, match=r"^1 instances live") as refused:
        capacity.take(1)
    assert (refused.value.code, refused.value.retry_after_s) == ("rate_limited", 1.0)
    assert capacity.instances == 1


def test_a_fifth_of_the_mappings_is_left_for_the_process_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "max_map_count", lambda: 1000)
    weight = Capacity(0, Mappings()).take(1)
    assert taken(Capacity(0, Mappings())) == 800 // weight


def test_an_instance_with_more_memories_takes_more_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "max_map_count", lambda: 1000)
    assert (
        taken(Capacity(0, Mappings()), memories=8) < taken(Capacity(0, Mappings()), memories=1) / 4
    )


def test_ten_thousand_instances_with_one_memory_fit_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "max_map_count", lambda: module.MAX_MAP_COUNT_DEFAULT)
    assert taken(Capacity(0, Mappings())) >= 10_000


def test_the_hosts_of_a_process_share_its_mappings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "max_map_count", lambda: 1000)
    mappings = Mappings()
    one, other = Capacity(0, mappings), Capacity(0, mappings)
    room = taken(one)
    weights = [one.take(1) for _ in range(room)]
    with pytest.raises(LimitExceeded):
        other.take(1)
    one.give(weights.pop())
    assert taken(other) == 1


def test_threads_count_together() -> None:
    mappings = Mappings()

    def take_and_give() -> None:
        for _ in range(2000):
            assert mappings.take(5, most=1000)
            mappings.give(5)

    threads = [threading.Thread(target=take_and_give) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mappings.taken == 0


# What only waits for work goes first.


def spare_instances(capacity: Capacity, count: int) -> list[int]:
    weights = [capacity.take(1) for _ in range(count)]

    def give_up() -> bool:
        if not weights:
            return False
        capacity.give(weights.pop())
        return True

    capacity.spare.append(give_up)
    return weights


def test_an_instance_that_waits_for_work_makes_room_for_a_call() -> None:
    capacity = Capacity(3, Mappings())
    spare_instances(capacity, 1)
    weights = spare_instances(capacity, 2)
    assert taken(capacity) == 3
    assert weights == []


def test_an_instance_that_waits_for_work_does_not_make_room_for_another() -> None:
    capacity = Capacity(2, Mappings())
    weights = spare_instances(capacity, 2)
    with pytest.raises(LimitExceeded):
        capacity.take(1, ahead=True)
    assert len(weights) == 2


def test_the_kernel_says_how_many_mappings_there_may_be() -> None:
    assert max_map_count() >= 1024


def test_the_default_of_linux_is_taken_where_the_kernel_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreadable(_: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", unreadable)
    assert max_map_count() == 65_530
