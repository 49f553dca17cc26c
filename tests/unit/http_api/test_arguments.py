"""From a body to arguments."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from innkeeper.errors import HostError, RequestRefused
from innkeeper.http_api.arguments import DEPTH_MAX, parse_arguments

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_every_json_object_is_taken_as_it_is(arguments: dict[str, object]) -> None:
    assert parse_arguments(msgspec.json.encode(arguments)) == arguments


@given(st.binary())
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    try:
        assert isinstance(parse_arguments(body), dict)
    except RequestRefused as error:
        assert error.code == "validation_failed"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"true",
        b"1",
        b'"text"',
        b"[]",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} {}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 01}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\n"}',
        b"\xef\xbb\xbf{}",
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"b": [{"a": ":", "c": {"x:": 1, "x:": 2}}]}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": ' + b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * DEPTH_MAX + b"]" * DEPTH_MAX + b"}",
    ],
)
def test_what_is_no_json_object_without_repeated_names_is_refused(body: bytes) -> None:
    with pytest.raises(HostError) as caught:
        parse_arguments(body)
    assert caught.value.code == "validation_failed"
    assert len(str(caught.value)) < 300


def test_colons_in_strings_are_not_mistaken_for_members() -> None:
    body = b'{"a:b": "c:d\\":\\\\", "e": [":", {"f": "\\u003a"}]}'
    assert parse_arguments(body) == {"a:b": 'c:d":\\', "e": [":", {"f": ":"}]}


def test_an_object_as_deep_as_allowed_is_taken() -> None:
    levels = DEPTH_MAX - 1
    assert parse_arguments(b'{"a":' + b"[" * levels + b"]" * levels + b"}")
