"""The portal, built once for all tests that look at it."""

from pathlib import Path

import pytest

import build
from sync_server.config import ROOT


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the portal built from our own content."""
    output = tmp_path_factory.mktemp("portal") / "output"
    build.build(ROOT / "content", output)
    return output
