"""The one table of routes."""

import pytest
from unit.http_api.face import make_api

from innkeeper.errors import HostError
from innkeeper.http_api.routes import ROUTES, TARGET_BYTES_MAX, MethodRefused, resolve


def test_every_route_says_who_may_use_it_and_how_often() -> None:
    for route in ROUTES:
        assert route.gate
        assert route.auth in ("public", "token", "admin")
        assert route.rate in ("probe", "read", "call")


def test_every_route_has_a_handler_and_every_handler_a_route() -> None:
    assert set(make_api()._handlers) == {route.name for route in ROUTES}


def test_nothing_is_changed_through_get() -> None:
    assert {route.method for route in ROUTES if route.gate == "tools:run"} == {"POST"}


def test_only_the_health_check_is_public() -> None:
    assert [route.path for route in ROUTES if route.auth == "public"] == ["/healthz"]


@pytest.mark.parametrize(
    ("target", "method", "name", "tool_id"),
    [
        (b"/healthz", "GET", "health", ""),
        (b"/tools", "HEAD", "list_tools", ""),
        (b"/tools/hello.greet", "GET", "show_tool", "hello.greet"),
        (b"/tools/hello.greet@1.2", "GET", "show_tool", "hello.greet@1.2"),
        (b"/tools/hello.greet:invoke", "POST", "invoke_tool", "hello.greet"),
        (b"/tools/a.b.c@1.2:invoke", "POST", "invoke_tool", "a.b.c@1.2"),
        (b"/tools/a.b%401.2%3Ainvoke", "POST", "invoke_tool", "a.b@1.2"),
        (b"/tools/gr%C3%BC%C3%9F.dich", "GET", "show_tool", "grüß.dich"),
        (b"/%74ools", "GET", "list_tools", ""),
    ],
)
def test_a_target_finds_its_route(target: bytes, method: str, name: str, tool_id: str) -> None:
    resource = resolve(target)
    assert (resource.route(method).name, resource.tool_id) == (name, tool_id)


@pytest.mark.parametrize(
    "target",
    [
        b"",
        b"/",
        b"*",
        b"/tools/",
        b"/Tools",
        b"/tools/:invoke",
        b"/tools/a.b:run",
        b"/tools/a.b:invoke:invoke",
        b"/tools/a.b/x",
        b"/tools%2Fa.b",
        b"/tools/a%2fb",
        b"//tools",
        b"/tools/a.b\n",
        b"/healthz/",
        b"example.com:80",
        b"/tools/" + b"a" * TARGET_BYTES_MAX,
    ],
)
def test_nothing_stands_at_any_other_path(target: bytes) -> None:
    with pytest.raises(HostError) as caught:
        resolve(target)
    assert caught.value.code == "not_found"
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("target", [b"/tools/%", b"/tools/%z1", b"/tools/%ff", b"/tools/%ed%a0%80"])
def test_broken_percent_encoding_is_refused(target: bytes) -> None:
    with pytest.raises(HostError) as caught:
        resolve(target)
    assert caught.value.code == "validation_failed"


@pytest.mark.parametrize(
    ("target", "method", "allow"),
    [
        (b"/healthz", "POST", "GET, HEAD, OPTIONS"),
        (b"/tools/a.b", "DELETE", "GET, HEAD, OPTIONS"),
        (b"/tools/a.b:invoke", "GET", "POST, OPTIONS"),
        (b"/tools/a.b:invoke", "HEAD", "POST, OPTIONS"),
        (b"/tools", "X" * 9000, "GET, HEAD, OPTIONS"),
    ],
)
def test_another_method_is_told_which_ones_there_are(
    target: bytes, method: str, allow: str
) -> None:
    with pytest.raises(MethodRefused) as caught:
        resolve(target).route(method)
    assert caught.value.allow == allow
    assert len(str(caught.value)) < 200
