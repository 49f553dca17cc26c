"""Engines are made once each, and an image is named after all that it depends on."""

import os
from pathlib import Path

import pytest
from unit.engine.workshop import compiled, engines, in_memory

from innkeeper.engine import engines as module
from innkeeper.engine.engines import Engines, Variant

DIGEST = "0" * 64
CPUINFO = "processor : 0\nflags\t\t: sse2 avx2 fma\n"


def test_an_engine_is_made_once() -> None:
    plain = Variant()
    assert engines().on_demand(plain) is engines().on_demand(Variant())
    assert engines().pooled(plain) is engines().pooled(Variant())
    assert engines().pooled(plain) is not engines().on_demand(plain)


@pytest.mark.parametrize("concurrency", [False, True])
@pytest.mark.parametrize("fuel", [False, True])
def test_an_engine_has_what_its_variant_says(concurrency: bool, fuel: bool) -> None:
    engine = engines().on_demand(Variant(concurrency=concurrency, fuel=fuel))
    assert (engine.concurrency, engine.fuel) == (concurrency, fuel)


@pytest.mark.parametrize("concurrency", [False, True])
@pytest.mark.parametrize("fuel", [False, True])
def test_the_pooled_engine_runs_the_image_of_the_other(concurrency: bool, fuel: bool) -> None:
    variant = Variant(concurrency=concurrency, fuel=fuel)
    descriptor = in_memory(compiled("echo", variant).serialize())
    loaded = engines().pooled(variant).load(descriptor)
    os.close(descriptor)
    assert "echo" in loaded.exports.functions


def test_an_image_has_the_same_name_in_every_process() -> None:
    assert Engines().image_name(DIGEST, Variant()) == engines().image_name(DIGEST, Variant())


def test_an_image_is_named_after_component_and_variant() -> None:
    variants = [Variant(concurrency=c, fuel=f) for c in (False, True) for f in (False, True)]
    names = {engines().image_name(digest, v) for digest in (DIGEST, "1" * 64) for v in variants}
    assert len(names) == 8


@pytest.mark.parametrize("setting", ["MEMORY_RESERVATION_BYTES", "STACK_BYTES_MAX", "FIBER_BYTES"])
def test_an_image_is_named_after_the_settings_of_the_engine(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    before = engines().image_name(DIGEST, Variant())
    monkeypatch.setattr(module, setting, getattr(module, setting) * 2)
    assert engines().image_name(DIGEST, Variant()) != before


def test_an_image_is_named_after_the_version_of_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = engines().image_name(DIGEST, Variant())
    monkeypatch.setattr(module, "open_library", lambda: "50.0.999")
    assert Engines().image_name(DIGEST, Variant()) != before


def test_an_image_is_named_after_the_features_of_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def name(cpuinfo: str) -> str:
        monkeypatch.setattr(Path, "read_text", lambda _: cpuinfo)
        return Engines().image_name(DIGEST, Variant())

    assert name(CPUINFO) != name(CPUINFO.replace(" avx2", ""))
    assert name(CPUINFO) == name(CPUINFO.replace("sse2 avx2 fma", "fma sse2 avx2"))
    assert name(CPUINFO) == name(CPUINFO.replace("flags\t\t", "Features "))  # as on aarch64


def test_an_image_has_a_name_where_the_cpu_is_not_described(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreadable(_: object) -> str:
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", unreadable)
    assert len(Engines().image_name(DIGEST, Variant())) == 64
