"""Give the portal's tests a small content folder that passes all checks, and a cache folder."""

from pathlib import Path

import pytest
from portal.editor import build_memory

from tests.portal.test_content import DIRECTORY, MATERIAL, MEETING


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """Return a content folder with one meeting and one material; the folder passes all checks."""
    root = tmp_path / "content"
    for folder in ("meetings", "materials", "pages"):
        (root / folder).mkdir(parents=True)
    (root / "directory.yaml").write_text(DIRECTORY, "utf-8")
    (root / "meetings" / "m.md").write_text(MEETING, "utf-8")
    (root / "materials" / "a.md").write_text(MATERIAL, "utf-8")
    return root


@pytest.fixture(autouse=True)
def build_memories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test its own cache folder; return the subfolder where builds save their results."""
    monkeypatch.setattr(build_memory, "FOLDER", tmp_path / "cache")
    return tmp_path / "cache" / "builds"
