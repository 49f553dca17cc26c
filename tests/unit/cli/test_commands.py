"""The command tree: help with an example everywhere, usage errors, and options read twice alike."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from innkeeper.cli.main import main
from innkeeper.cli.mcp_serve import serve
from innkeeper.cli.mcp_stdio import plain_options
from innkeeper.cli.tree import innkeeper
from innkeeper.errors import CODES

USAGE = CODES["validation_failed"].exit


def paths(group: click.Group, *before: str) -> Iterator[tuple[str, ...]]:
    """The path of every command and group below."""
    context = click.Context(group)
    for name in group.list_commands(context):
        yield (*before, name)
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from paths(command, *before, name)


@pytest.mark.parametrize("path", [(), *paths(innkeeper)], ids=" ".join)
def test_the_help_of_everything_shows_an_example(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"  innkeeper {' '.join(path)}".rstrip() in shown.partition("Examples:")[2]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unheard-of"],
        ["mcp"],
        ["mcp", "unheard-of"],
        ["mcp", "serve", "--bind", "x"],
        ["mcp", "serve", "--plugin"],
        ["call"],
        ["call", "hello.greet", "--deadline", "0"],
        ["call", "hello.greet", "--deadline", "soon"],
        ["tools", "surplus"],
        ["plugin", "show"],
        ["version", "--yaml"],
    ],
    ids=" ".join,
)
def test_arguments_that_name_no_command_are_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == USAGE
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Usage: innkeeper" in shown.err or "requires an argument" in shown.err


WORDS = st.lists(
    st.sampled_from(["--state", "--plugin", "--state=a", "--plugin=b=c", "a", "b.wasm", "--help"]),
    max_size=6,
)


@given(WORDS)
def test_options_read_without_click_are_read_alike(words: list[str]) -> None:
    place = plain_options(words)
    if place is not None:
        context = serve.make_context("serve", list(words))
        assert context.params == {"state": place.state, "plugins": place.plugins}


def test_the_plain_form_needs_no_click() -> None:
    place = plain_options(["--plugin", "a.wasm", "--state=here", "--plugin", "b.wasm"])
    assert place is not None
    assert (place.state, place.plugins) == ("here", ("a.wasm", "b.wasm"))
    assert place.named() == [Path("a.wasm"), Path("b.wasm")]


def test_a_named_file_stands_in_for_the_shipped_one_of_its_name() -> None:
    place = plain_options(["--plugin", "elsewhere/hello.wasm"])
    bare = plain_options([])
    assert place is not None
    assert bare is not None
    assert {path.stem for path in bare.shipped()} - {path.stem for path in place.shipped()} == {
        "hello"
    }
