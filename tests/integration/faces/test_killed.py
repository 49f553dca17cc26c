"""A state whose process was killed at any moment works on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from integration.faces.commands import INNKEEPER, environment, run, started
from integration.faces.plugin_files import slow_to_compile, write_plugin
from integration.faces.processes import PATIENCE_S, has_ended, tree, tree_cpu_s, wait_until

STEPS = 2_000  # half a second of compiling


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plugin that there is time to be killed for."""
    return write_plugin("slow", slow_to_compile(STEPS), tmp_path_factory.mktemp("plugins"))


def the_state_appears(state: Path, pid: int) -> bool:
    return (state / "images").exists()


def it_compiles(state: Path, pid: int) -> bool:
    return len(tree(pid)) > 1 and tree_cpu_s(pid) > 0.8


def an_image_is_written(state: Path, pid: int) -> bool:
    return any(path.name != "key" for path in images(state))


def an_image_is_sealed(state: Path, pid: int) -> bool:
    return any(path.suffix == ".seal" for path in images(state))


def images(state: Path) -> list[Path]:
    """What stands in the cache of compiled images, half-written files too."""
    return list((state / "images").glob("*")) + list((state / "images").glob(".*"))


MOMENTS: tuple[Callable[[Path, int], bool], ...] = (
    the_state_appears,
    it_compiles,
    an_image_is_written,
    an_image_is_sealed,
)


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: str(moment.__name__))
def test_a_state_works_after_a_kill_while(
    moment: Callable[[Path, int], bool], plugin: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    kill_when(moment, plugin, state)
    first, second = (run("call", "slow.answer", "--plugin", str(plugin), state=state) for _ in "12")
    assert (first.code, json.loads(first.stdout)) == (0, 42)
    assert (second.code, json.loads(second.stdout)) == (0, 42)
    assert first.stderr in ("", "compiling slow …\n")
    assert second.stderr == ""  # it loads what the first has left


def kill_when(moment: Callable[[Path, int], bool], plugin: Path, state: Path) -> None:
    """Start a call of the plugin on that state, and kill it (9) at that moment."""
    command = [INNKEEPER, "call", "slow.answer", "--plugin", str(plugin)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with started(command, **quiet, env=environment(state)) as process:
        wait_until(lambda: moment(state, process.pid), what="it never came so far", poll_s=0.0)
        members = tree(process.pid)
        process.kill()
        process.wait(PATIENCE_S)
        wait_until(lambda: all(map(has_ended, members)), what="its compiler outlives it")
