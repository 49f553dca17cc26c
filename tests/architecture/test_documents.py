"""The documents hold together: links lead somewhere, printed pages and drawings are in step."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from architecture.checkout import ROOT, files, shown

DOCS = ROOT / "docs"
PAGES = files(".md")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
PATHS = ("Load", "Call", "Unload", "Trap", "Shutdown")
FRAGMENT = re.compile(r"\d+-[a-z0-9]+(-[a-z0-9]+)*\.(feature|change|fix|removal|security)\.md")
ROOMS_DRAWN = re.compile(r"^    ((?:\w+ \| )*\w+) {2,}\S", re.MULTILINE)


def test_every_link_leads_somewhere() -> None:
    broken = [f"{shown(page)}: {target}" for page in PAGES for target in _broken_links(page)]
    assert broken == []


def test_the_printed_reference_pages_are_what_the_code_prints() -> None:
    check = [sys.executable, str(DOCS / "generate.py"), "--check"]
    compared = subprocess.run(check, capture_output=True, text=True, check=False)
    assert compared.returncode == 0, compared.stdout + compared.stderr


def test_each_path_has_one_sequence_diagram() -> None:
    text = (DOCS / "discussion" / "flow.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    assert tuple(sections) == PATHS
    assert [body.count("```mermaid\nsequenceDiagram") for body in sections.values()] == [1] * 5


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(page.name[:3]) for page in sorted((DOCS / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("*.md")), ids=shown)
def test_a_decision_tells_context_decision_and_consequences(page: Path) -> None:
    headings = re.findall(r"^## (.*)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences"]


@pytest.mark.parametrize(
    "fragment", [p for p in (ROOT / "changes").iterdir() if p.name != "README.md"], ids=shown
)
def test_a_change_fragment_is_one_sentence_of_a_known_kind(fragment: Path) -> None:
    assert FRAGMENT.fullmatch(fragment.name)
    text = fragment.read_text(encoding="utf-8").strip()
    assert "\n" not in text
    assert text.endswith(".")


def test_the_readme_opens_with_the_two_commands() -> None:
    commands = re.findall(r"^    (make \w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands[:2] == ["make run", "make test"]


def test_the_drawing_of_the_house_shows_every_room() -> None:
    text = (DOCS / "discussion" / "architecture.md").read_text(encoding="utf-8")
    drawing = text.partition("## The house")[2].partition("\n\n`host/`")[0]
    drawn = {room for line in ROOMS_DRAWN.findall(drawing) for room in line.split(" | ")}
    assert drawn == _rooms() | {"innkeeper_core"}


def test_the_layers_that_are_checked_are_in_the_order_of_the_drawing() -> None:
    text = (DOCS / "discussion" / "architecture.md").read_text(encoding="utf-8")
    drawn = [line.split(" | ") for line in ROOMS_DRAWN.findall(text)]
    order = {room: floor for floor, rooms in enumerate(drawn) for room in rooms}
    checked = [
        [room for room in re.findall(r"\w+", layer) if room in order] for layer in _checked_layers()
    ]
    floors = [{order[room] for room in rooms} for rooms in checked if rooms]
    assert floors == sorted(floors, key=min)
    assert all(len(floor) == 1 for floor in floors)


def _broken_links(page: Path) -> list[str]:
    targets = LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
    local = [target for target in targets if not target.startswith(("http:", "https:"))]
    return [target for target in local if not _leads_somewhere(page, target)]


def _leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    found = (page.parent / name).resolve() if name else page
    if not found.exists():
        return False
    return not anchor or anchor in _anchors(found.read_text(encoding="utf-8"))


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)", FENCED.sub("", text), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


def _rooms() -> set[str]:
    package = ROOT / "host" / "innkeeper"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    modules = {path.stem for path in package.glob("*.py") if not path.stem.startswith("__")}
    return folders | modules


def _checked_layers() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers: list[str] = next(one["layers"] for one in contracts if one["type"] == "layers")
    return layers
