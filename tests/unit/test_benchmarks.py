"""Benchmarks have one form: which there are, what they answer, how figures are taken."""

import inspect
import statistics
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from innkeeper.cli.bench_report import report_of
from innkeeper.plugins.manifest import read_manifest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # benchmarks are in the checkout, and in no package that is installed

from benchmarks.hostile import ATTACKS  # noqa: E402
from benchmarks.measure import (  # noqa: E402
    REPEATS_MIN,
    Options,
    Side,
    alternate,
    awaiting,
    calling,
    compare,
    median,
    percentile,
    report,
    row,
)
from benchmarks.measure.guests import guest, with_manifest  # noqa: E402
from benchmarks.measure.http_client import HttpClient  # noqa: E402
from benchmarks.measure.process import (  # noqa: E402
    mappings,
    peak_rss_bytes,
    rss_bytes,
    switches,
)

NAMES = sorted(path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py"))
README = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
ENGINE = {"calls", "fresh", "suspended", "parallel", "hostile", "mcp", "http", "wake"}
ROW_KEYS = {
    *("case", "ours", "baseline", "baseline_name", "ratio"),
    *("unit", "p50", "p99", "n", "repeats"),
}
SAMPLES = st.lists(st.floats(0, 1e9), min_size=1, max_size=50)


# ---- which there are


def test_every_benchmark_of_the_engine_is_there() -> None:
    assert set(NAMES) >= ENGINE


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_quickly_or_in_full_and_answers_one_object(name: str) -> None:
    signature = inspect.signature(import_module(f"benchmarks.{name}").run)
    assert [(p.name, p.default) for p in signature.parameters.values()] == [("quick", False)]
    assert signature.return_annotation == "dict[str, object]"


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_is_explained(name: str) -> None:
    assert f"`{name}`" in README


# ---- the form of the answer


def test_a_report_has_the_form_that_the_command_prints() -> None:
    answer = report(
        "x", [row("case", [[1.0]], [[2.0]], baseline_name="other", unit="us")], "wasmtime"
    )
    assert set(answer) == {"name", "machine", "versions", "rows"}
    assert msgspec.to_builtins(report_of("x", answer))["rows"][0].keys() == ROW_KEYS


def test_a_report_names_the_machine_and_the_versions() -> None:
    answer = report("x", [], "wasmtime")
    machine, versions = answer["machine"], answer["versions"]
    assert isinstance(machine, dict)
    assert isinstance(versions, dict)
    assert {"cpu", "cores", "memory_mib", "system", "load_1m"} == set(machine)
    assert {"innkeeper", "python", "libwasmtime", "trio", "wasmtime"} == set(versions)


def test_a_row_has_the_medians_of_its_turns_and_their_ratio() -> None:
    made = row(
        "case",
        [[3.0, 1.0, 2.0], [4.0, 4.0, 4.0], [9.0, 9.0, 9.0]],
        [[8.0, 8.0, 8.0]],
        baseline_name="other",
        unit="us",
    )
    assert (made.ours, made.baseline, made.ratio, made.n, made.repeats) == (4.0, 8.0, 0.5, 3, 3)


def test_a_row_beside_nothing_has_no_ratio() -> None:
    assert row("case", [[3.0]], [[0.0]], baseline_name="other", unit="us").ratio is None


def test_the_p99_is_at_the_bad_end_in_a_time_and_in_a_rate() -> None:
    turns = [[float(number)] for number in range(1, 101)]
    times = row("case", turns, turns, baseline_name="other", unit="us")
    rates = row("case", turns, turns, baseline_name="other", unit="calls/s")
    assert (times.p99, rates.p99) == (99.0, 1.0)


# ---- figures


@given(SAMPLES)
def test_the_median_is_that_of_the_standard_library(samples: list[float]) -> None:
    assert median(samples) == pytest.approx(statistics.median(samples))


@given(SAMPLES, st.floats(0, 1))
def test_a_percentile_is_a_sample_that_its_share_does_not_exceed(
    samples: list[float], share: float
) -> None:
    found = percentile(samples, share)
    assert found in samples
    assert sum(sample <= found for sample in samples) >= share * len(samples) - 1e-9


def test_the_ends_of_a_percentile_are_the_least_and_the_most() -> None:
    assert (percentile([3, 1, 2], 0), percentile([3, 1, 2], 1)) == (1, 3)


@pytest.mark.parametrize("take", [median, lambda samples: percentile(samples, 0.5)])
def test_figures_of_nothing_are_refused(take: Callable[[list[float]], float]) -> None:
    with pytest.raises(ValueError, match="no samples"):
        take([])


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_beyond_all_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        percentile([1.0], share)


# ---- taking turns


async def test_sides_take_turns_after_a_first_that_does_not_count() -> None:
    order: list[str] = []

    def side(name: str) -> Side[int]:
        async def turn() -> int:
            order.append(name)
            return len(order)

        return turn

    taken = await alternate({"a": side("a"), "b": side("b")}, 3)
    assert order == ["a", "b", "b", "a", "a", "b", "b", "a"]
    assert taken == {"a": [4, 5, 8], "b": [3, 6, 7]}


async def test_a_comparison_has_a_sample_of_every_call() -> None:
    calls = {"ours": 0, "baseline": 0}

    async def ours() -> None:
        calls["ours"] += 1

    def baseline() -> None:
        calls["baseline"] += 1

    options = Options(repeats=5)
    made = await compare(
        "case", awaiting(ours, 7), calling(baseline, 7), baseline_name="other", options=options
    )
    assert calls == {"ours": 42, "baseline": 42}  # six turns, the first to warm up
    assert (made.n, made.repeats, made.unit) == (7, 5, "us")


@pytest.mark.parametrize("quick", [True, False])
def test_there_are_turns_enough(quick: bool) -> None:
    assert Options.of(quick=quick).repeats >= REPEATS_MIN >= 5


def test_a_quick_turn_does_less_but_something() -> None:
    quick = Options.of(quick=True)
    assert [quick.count(full) for full in (3_000, 40, 4)] == [300, 10, 4]
    assert Options().count(3_000) == 3_000


# ---- what is measured


def test_a_process_has_memory_mappings_and_wakeups() -> None:
    assert 0 < rss_bytes() <= peak_rss_bytes()
    assert min(mappings(), switches()) > 0


def test_an_embedded_manifest_is_read_back() -> None:
    text = '[plugin]\nname = "kept"\nversion = "1.0.0"\n[reuse]\ninstance = "plugin"\n' + "#" * 200
    manifest = read_manifest(with_manifest(guest("echo"), text))
    assert manifest is not None
    assert (manifest.plugin.name, manifest.reuse.instance) == ("kept", "plugin")


def test_every_attack_on_other_calls_has_a_row_in_the_readme() -> None:
    assert [attack for attack in ATTACKS if attack not in README] == []


@pytest.mark.parametrize(
    ("received", "is_whole"),
    [
        (b"", False),
        (b"HTTP/1.1 200 \r\nx: y\r\n", False),
        (b"HTTP/1.1 200 \r\n\r\n{", False),
        (b"HTTP/1.1 200 \r\nx: y\r\n\r\n{}", True),
    ],
)
def test_an_answer_is_whole_with_its_last_byte(received: bytes, is_whole: bool) -> None:
    client = HttpClient(("127.0.0.1", 1), "/", body=b"{}", expected=b"{}")
    assert client.is_whole(received) is is_whole


@pytest.mark.parametrize(
    "received",
    [b"HTTP/1.1 404 \r\n\r\n{}", b"HTTP/1.1 200 \r\n\r\n[]", b"HTTP/1.1 200 \r\n\r\n{}{}"],
)
def test_a_wrong_answer_ends_the_benchmark(received: bytes) -> None:
    client = HttpClient(("127.0.0.1", 1), "/", body=b"{}", expected=b"{}")
    with pytest.raises(ValueError, match="not the answer"):
        client.is_whole(received)
