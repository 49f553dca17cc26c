"""`GET /tools`, `GET /tools/{id}` and `GET /healthz`."""

import pytest
from unit.http_api.face import FakeHost, FakeLoading, FakeTool, ask, make_api


def host_with(*tools: FakeTool) -> FakeHost:
    host = FakeHost()
    host.all_tools = list(tools)
    return host


async def test_the_tools_are_listed_with_their_schemas() -> None:
    tool = FakeTool(error_schema={"type": "string"}, side_effects="external")
    answer = await ask(make_api(host_with(tool, FakeTool(id="x.other"))), "GET", "/tools")
    assert answer.status == 200
    assert [item["id"] for item in answer.json["items"]] == ["x.echo", "x.other"]
    assert answer.json["items"][0] == {
        "id": "x.echo",
        "name": "x.echo",
        "version": "1.2.0",
        "title": "Echo",
        "description": "Gives back what it gets.",
        "input_schema": {"type": "object"},
        "output_schema": {"type": "object"},
        "error_schema": {"type": "string"},
        "side_effects": "external",
        "deterministic": True,
        "stability": "stable",
        "plugin": "x",
    }


async def test_a_host_without_tools_lists_none() -> None:
    assert (await ask(make_api(host_with()), "GET", "/tools")).json == {"items": []}


async def test_one_tool_is_shown_by_its_id() -> None:
    answer = await ask(make_api(host_with(FakeTool(id="a.b@1.2"))), "GET", "/tools/a.b%401.2")
    assert (answer.json["id"], answer.json["error_schema"]) == ("a.b@1.2", None)


async def test_a_tool_that_is_not_there_is_not_found() -> None:
    answer = await ask(make_api(), "GET", "/tools/no.such")
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("target", ["/tools", "/tools/x.echo"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_a_client_that_has_the_list_gets_it_not_again(target: str, form: str) -> None:
    api = make_api()
    etag = (await ask(api, "GET", target)).headers["etag"]
    answer = await ask(api, "GET", target, ("if-none-match", form.format(etag)))
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == etag


async def test_the_etag_changes_with_the_tools() -> None:
    host = host_with(FakeTool())
    api = make_api(host)
    etag = (await ask(api, "GET", "/tools")).headers["etag"]
    host.all_tools.append(FakeTool(id="x.new"))
    answer = await ask(api, "GET", "/tools", ("if-none-match", etag))
    assert (answer.status, len(answer.json["items"])) == (200, 2)


async def test_health_counts_plugins_and_tools_and_names_what_is_loading() -> None:
    host = host_with(FakeTool(), FakeTool(id="x.b"), FakeTool(id="z.a", plugin="z"))
    host.all_loading = [FakeLoading(), FakeLoading(plugin="w", done=True)]
    answer = await ask(make_api(host), "GET", "/healthz")
    assert answer.json == {
        "status": "ok",
        "version": "0.1.0",
        "plugins": 2,
        "tools": 3,
        "loading": [{"plugin": "y", "stage": "compile", "elapsed_s": 1.5}],
    }


@pytest.mark.parametrize("target", ["/healthz", "/tools", "/tools/x.echo"])
async def test_head_is_answered_like_get(target: str) -> None:
    # The server leaves the body out (RFC 9110, 9.3.2); the face says how long it would be.
    api = make_api()
    assert (await ask(api, "HEAD", target)).headers == (await ask(api, "GET", target)).headers


async def test_an_unknown_path_is_a_problem() -> None:
    answer = await ask(make_api(), "GET", "/nothing/here")
    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.json["instance"] == "/nothing/here"


async def test_another_method_is_a_problem_that_says_which_ones_there_are() -> None:
    answer = await ask(make_api(), "DELETE", "/tools/x.echo")
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
