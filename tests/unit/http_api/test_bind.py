"""Where the face may listen."""

import pytest

from innkeeper.errors import HostError
from innkeeper.http_api.bind import Bind, parse_bind


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("127.0.0.1:8090", Bind("127.0.0.1", 8090)),
        ("127.8.9.10:1", Bind("127.8.9.10", 1)),
        ("[::1]:0", Bind("::1", 0)),
        ("localhost:65535", Bind("127.0.0.1", 65535)),
    ],
)
def test_loopback_addresses_can_be_bound(text: str, bind: Bind) -> None:
    assert parse_bind(text) == bind


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0:8090", ":8090", "*:8090", "[::]:8090", "192.168.1.2:80", "[2001:db8::1]:80"],
)
def test_an_address_that_others_can_reach_is_refused(text: str) -> None:
    with pytest.raises(HostError, match="no tokens yet") as caught:
        parse_bind(text)
    assert caught.value.code == "policy_denied"


@pytest.mark.parametrize(
    "text",
    ["", "8090", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "inn.example:80",
     "127.0.0.1:-1", "127.0.0.1:²", "[::1:80", "unix:/x", "127.0.0.1:" + "9" * 5000],
)  # fmt: skip
def test_what_is_no_address_and_port_is_refused(text: str) -> None:
    with pytest.raises(HostError) as caught:
        parse_bind(text)
    assert caught.value.code == "validation_failed"


def test_an_address_in_a_url_has_its_brackets() -> None:
    assert (parse_bind("[::1]:0").name, parse_bind("127.0.0.1:0").name) == ("[::1]", "127.0.0.1")
