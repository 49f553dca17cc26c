"""For every type: decoding is what the schema says, and the way back from encoding."""

from __future__ import annotations

import json
from pprint import pformat
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.contracts.wit_strategies import (
    EACH_KIND,
    FUNCTIONS,
    JSON_VALUES,
    TYPES,
    mutations,
    values,
)

from innkeeper.contracts.decode import decode_arguments
from innkeeper.contracts.encode import encode_result
from innkeeper.contracts.schema import (
    arguments_schema,
    structured_is_object,
    structured_schema,
    value_schema,
)
from innkeeper.contracts.wit_types import DECIMAL_PATTERNS
from innkeeper.errors import RequestRefused
from innkeeper_core.values import FunctionType, Type, roundtrip

EXAMPLES = settings(deadline=None)  # how many is the profile's to say


@EXAMPLES
@given(st.data())
def test_decoding_what_was_encoded_gives_the_value_back(data: st.DataObject) -> None:
    ty = data.draw(TYPES)
    goes_through_json_and_back(ty, data.draw(values(ty)))


@EXAMPLES
@given(st.data())
def test_what_is_encoded_fits_the_schema(data: st.DataObject) -> None:
    ty = data.draw(TYPES)
    result = through_json(encoded(ty, data.draw(values(ty))))
    assert jsonschema_rs.is_valid(value_schema(ty), result)
    structured = result if structured_is_object(ty) else {"result": result}
    assert isinstance(structured, dict)
    assert jsonschema_rs.is_valid(structured_schema(ty), structured)


@pytest.mark.parametrize("ty", EACH_KIND, ids=repr)
@EXAMPLES
@given(data=st.data())
def test_each_kind_of_type_keeps_to_its_schema(ty: Type, data: st.DataObject) -> None:
    value = data.draw(values(ty))
    goes_through_json_and_back(ty, value)
    agrees_with_schema(FunctionType([("x", ty)]), {"x": data.draw(mutations(encoded(ty, value)))})
    agrees_with_schema(FunctionType([("x", ty)]), {"x": data.draw(JSON_VALUES)})


@EXAMPLES
@given(st.data())
def test_decoding_accepts_exactly_what_the_schema_accepts(data: st.DataObject) -> None:
    ty = data.draw(TYPES)
    value = encoded(ty, data.draw(values(ty)))
    agrees_with_schema(FunctionType([("x", ty)]), {"x": value})
    agrees_with_schema(FunctionType([("x", ty)]), {"x": data.draw(mutations(value))})


@EXAMPLES
@given(st.data())
def test_decoding_arguments_agrees_with_their_schema(data: st.DataObject) -> None:
    function = data.draw(FUNCTIONS)
    arguments = {name: encoded(ty, data.draw(values(ty))) for name, ty in function.params}
    agrees_with_schema(function, data.draw(mutations(arguments)))


@EXAMPLES
@given(TYPES, JSON_VALUES)
def test_decoding_any_json_agrees_with_the_schema(ty: Type, value: object) -> None:
    agrees_with_schema(FunctionType([("x", ty)]), {"x": value})


@EXAMPLES
@given(st.data())
def test_the_core_lowers_whatever_was_decoded(data: st.DataObject) -> None:
    ty = data.draw(TYPES)
    candidate = data.draw(mutations(encoded(ty, data.draw(values(ty)))) | JSON_VALUES)
    try:
        [decoded] = decode_arguments(FunctionType([("x", ty)]))({"x": candidate})
    except RequestRefused:
        return
    roundtrip(ty, decoded)


@EXAMPLES
@given(st.data())
def test_plain_data_passes_through_decoding_unchanged(data: st.DataObject) -> None:
    ty = data.draw(TYPES)
    value = data.draw(values(ty))
    [decoded] = decode_arguments(FunctionType([("x", ty)]))({"x": value})
    assert written(decoded) == written(value)


@EXAMPLES
@given(st.data())
def test_the_core_gives_plain_data_that_encodes_to_json(data: st.DataObject) -> None:
    ty = data.draw(TYPES)
    lifted = roundtrip(ty, data.draw(values(ty)))
    assert jsonschema_rs.is_valid(value_schema(ty), through_json(encoded(ty, lifted)))


@given(TYPES)
def test_every_schema_is_valid_by_the_meta_schema(ty: Type) -> None:
    jsonschema_rs.meta.validate(
        value_schema(ty) | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    )


def goes_through_json_and_back(ty: Type, value: object) -> None:
    [decoded] = decode_arguments(FunctionType([("x", ty)]))({"x": through_json(encoded(ty, value))})
    assert written(decoded) == written(value)


def agrees_with_schema(function: FunctionType, arguments: object) -> None:
    fits = jsonschema_rs.Draft202012Validator(exact(arguments_schema(function))).is_valid(arguments)
    try:
        decode_arguments(function)(arguments)  # type: ignore[arg-type]
    except RequestRefused as refused:
        assert not fits, refused
        details_are_sendable(refused)
    else:
        assert fits


def details_are_sendable(refused: RequestRefused) -> None:
    assert refused.code == "validation_failed"
    assert isinstance(refused.details, list)
    assert 1 <= len(refused.details) <= 16
    (str(refused) + json.dumps(refused.details, ensure_ascii=False)).encode()


def written(value: object) -> str:
    """The value as text that tells NaN from no NaN, 0.0 from -0.0, 1 from 1.0; dicts sorted."""
    return pformat(value)


def encoded(ty: Type, value: object) -> object:
    encode = encode_result(ty)
    return value if encode is None else encode(value)


def through_json(value: object) -> object:
    """The value after a strict JSON text of it, which NaN, bytes and pairs do not survive."""
    text = json.dumps(value, allow_nan=False)
    read: object = json.loads(text)
    assert read == value
    return read


def exact(schema: object) -> Any:  # Any: what JSON Schema is to the validator
    """The schema with patterns that bound decimal strings by value, not only by their length."""
    if isinstance(schema, list):
        return [exact(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {name: exact(item) for name, item in schema.items()}
    if schema.get("pattern") == DECIMAL_PATTERNS["u64"]:
        changed["pattern"] = f"^(?:{at_most(2**64 - 1)})$"
    if schema.get("pattern") == DECIMAL_PATTERNS["s64"]:
        changed["pattern"] = f"^(?:-?(?:{at_most(2**63 - 1)})|-{2**63})$"
    return changed


def at_most(number: int) -> str:
    """A pattern of the decimal numbers from 0 to this one."""
    digits = str(number)
    alternatives = ["0", f"[1-9][0-9]{{0,{len(digits) - 2}}}", digits]
    for index, digit in enumerate(digits):
        lowest = 1 if index == 0 else 0
        if int(digit) > lowest:
            rest = f"[0-9]{{{len(digits) - index - 1}}}"
            alternatives.append(f"{digits[:index]}[{lowest}-{int(digit) - 1}]{rest}")
    return "|".join(alternatives)
