"""Commands with a state of their own, shared by a module's tests so that it compiles once."""

import pytest
from integration.cli.commands import Commands


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """Runs commands in a folder of this module."""
    return Commands(tmp_path_factory.mktemp("innkeeper"))
