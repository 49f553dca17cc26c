"""What holds for every test: the short and the long form, and where Node is.

A plain run leaves out what is marked `soak`, `-m soak` runs that alone. Hypothesis looks at the
same examples in every short run, so that a failure is the change's and not the day's; the long form
looks for new ones.
"""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

NODE = Path(__file__).parents[1] / ".tools" / "node" / "bin" / "node"

# Time means nothing on a shared machine: neither a deadline nor a "too slow" may fail a test.
settings.register_profile(
    "short",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "soak",
    deadline=None,
    max_examples=5_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the long forms, unless `-m` names them."""
    if "soak" in config.option.markexpr:
        return
    soak = [item for item in items if item.get_closest_marker("soak")]
    if soak:
        config.hook.pytest_deselected(items=soak)
        items[:] = [item for item in items if not item.get_closest_marker("soak")]


@pytest.fixture(scope="session")
def node() -> Path:
    """Node 22 or newer, as `make test` lays it down; the npm packages stand beside it."""
    assert NODE.exists(), "run `make tools` first: it installs Node and the MCP SDKs for the tests"
    return NODE
