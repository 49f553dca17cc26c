"""Values through the host: as plain data, and as JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from guests import guest
from integration.hosting import failure, keeping, with_manifest

from innkeeper import Host
from innkeeper.errors import RequestRefused, ToolFailed


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with keeping(tmp_path) as made:
        for name in ("types", "maps", "result-error", "parameters", "echo"):
            await made.load(guest(name), name=name)
        yield made


# A function `same-…` of the guest answers what it is given: plain data in and out, JSON in and out.
PLAIN: list[tuple[str, object, object]] = [
    ("same-bool", True, True),
    ("same-u64", 2**64 - 1, 2**64 - 1),
    ("same-s64", -(2**63), -(2**63)),
    ("same-f64", 0.1, 0.1),
    ("same-f64", float("inf"), float("inf")),
    ("same-char", "🏠", "🏠"),
    ("same-string", "", ""),
    ("same-string", "\0 é 🏠", "\0 é 🏠"),
    ("same-bytes", bytes(range(256)), bytes(range(256))),
    ("same-bytes", bytearray(b"\0\1"), b"\0\1"),
    ("same-bytes", "AAE=", b"\0\1"),
    ("same-strings", ["a", ""], ["a", ""]),
    ("same-option", None, None),
]
AS_JSON: list[tuple[str, object, object]] = [
    ("same-u64", 2**53, 2**53),
    ("same-u64", 2**53 + 1, str(2**53 + 1)),
    ("same-u64", str(2**64 - 1), str(2**64 - 1)),
    ("same-s64", str(-(2**63)), str(-(2**63))),
    ("same-f64", "NaN", "NaN"),
    ("same-f64", "-Infinity", "-Infinity"),
    ("same-bytes", "AAECAw==", "AAECAw=="),
    ("same-option", None, None),
    ("same-color", None, None),
]


@pytest.mark.parametrize(("function", "given", "expected"), PLAIN)
async def test_plain_data_goes_in_and_comes_out(
    host: Host, function: str, given: object, expected: object
) -> None:
    assert await host.call(f"types.{function}", {"value": given}) == expected


@pytest.mark.parametrize(("function", "given", "expected"), AS_JSON[:-1])
async def test_json_goes_in_and_comes_out(
    host: Host, function: str, given: object, expected: object
) -> None:
    found = await host.call_json(f"types.{function}", {"value": given})
    assert found == expected
    json.dumps(found, allow_nan=False)


async def test_bytes_are_bytes_in_plain_data_and_base64_in_json(host: Host) -> None:
    data = bytes(range(200))
    assert await host.call("types.same-bytes", {"value": data}) == data
    text = await host.call_json("types.same-bytes", {"value": data})
    assert isinstance(text, str)
    assert await host.call("types.same-bytes", {"value": text}) == data


async def test_a_variant_is_a_pair_in_plain_data_and_an_object_in_json(host: Host) -> None:
    schema = host.tool("types.same-figure").input_schema
    assert schema["type"] == "object"
    plain = await host.call("types.same-figure", {"value": {"tag": "empty"}})
    assert plain == ("empty", None)
    assert await host.call_json("types.same-figure", {"value": ("empty", None)}) == {"tag": "empty"}


async def test_a_map_is_an_object_where_its_keys_are_strings(host: Host) -> None:
    assert await host.call_json("maps.same-counts", {"value": {"a": 1}}) == {"a": 1}
    pairs = [[1, "a"], [2, "b"]]
    assert await host.call_json("maps.same-names", {"value": pairs}) == pairs


async def test_parameters_are_given_by_name(host: Host) -> None:
    letters = "abcdefghi"
    given = {letter: letter.upper() for letter in reversed(letters)}
    assert await host.call("parameters.gather", given) == list(letters.upper())


# Results.


async def test_a_result_is_its_ok_side(host: Host) -> None:
    assert await host.call("result-error.divide", {"a": -7, "b": 2}) == -3
    assert await host.call_json("result-error.check", {"fine": True}) is None


async def test_an_error_is_a_tool_error_with_its_details(host: Host) -> None:
    error = await failure(host, "result-error.parse", digit="x")
    assert isinstance(error, ToolFailed)
    assert (error.row.http, error.row.mcp, error.row.exit) == (422, None, 1)
    assert json.loads(json.dumps(error.details)) == error.details
    schema = host.tool("result-error.parse").error_schema
    assert schema is not None
    assert set(schema["properties"]) == set(error.details)  # type: ignore[call-overload]


# Validation.

WRONG: list[tuple[dict[str, object], set[str]]] = [
    ({}, {"/a", "/b"}),
    ({"a": 1}, {"/b"}),
    ({"a": -1, "b": 2**32}, {"/a", "/b"}),
    ({"a": "1", "b": 1.5}, {"/a", "/b"}),
    ({"a": True, "b": None}, {"/a", "/b"}),
    ({"a": 1, "b": 1, "c/d~": 1}, {"/c~1d~0"}),
]


@pytest.mark.parametrize(("given", "pointers"), WRONG)
async def test_wrong_arguments_are_refused_with_a_pointer_to_each(
    host: Host, given: dict[str, object], pointers: set[str]
) -> None:
    with pytest.raises(RequestRefused) as error:
        await host.call("echo.add", given)
    assert error.value.code == "validation_failed"
    assert isinstance(error.value.details, list)
    assert {problem["pointer"] for problem in error.value.details} == pointers


@pytest.mark.parametrize("given", [None, [], "x", 5])
async def test_arguments_that_are_no_object_are_refused(host: Host, given: object) -> None:
    with pytest.raises(RequestRefused) as error:
        await host.call("echo.nothing", given)  # type: ignore[arg-type]
    assert error.value.code == "validation_failed"


async def test_a_surrogate_is_refused_and_no_crash(host: Host) -> None:
    error = await failure(host, "echo.echo", text="\ud800")
    assert error.code == "validation_failed"


async def test_arguments_over_the_limit_are_too_large(host: Host) -> None:
    error = await failure(host, "echo.echo", text="x" * ((1 << 20) + 1))
    assert error.code == "payload_too_large"
    assert await host.call("echo.echo", {"text": "x" * (1 << 19)}) == "x" * (1 << 19)


async def test_a_result_over_the_limit_of_the_manifest_is_too_large(host: Host) -> None:
    await host.load(with_manifest("output", "small", limits={"output_bytes_max": 10}))
    assert await host.call("small.big", {"bytes": 9}) == "a" * 9
    assert (await failure(host, "small.big", bytes=11)).code == "output_too_large"
