"""Test that the packages inside `sync_server` import one another in one direction only.

Importing the domain must load neither web nor database libraries.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_server.config import ROOT

SERVER = ROOT / "sync_server"
FLOORS: dict[str, set[str]] = {
    "domain": set(),
    "storage": {"domain"},
    "sheets": {"domain"},
    "acts": {"domain", "sheets", "storage"},
    "web": {"domain", "storage"},
    "api": {"domain", "storage", "acts", "web"},
    "reports": {"domain", "sheets", "storage", "acts", "web"},
    "office": {"domain", "sheets", "storage", "acts", "web", "reports"},
    "commands": {"domain", "sheets", "storage", "acts", "web", "reports"},
}
"""Maps a package in `sync_server` to the other packages that it may import. Every package may
import the modules directly in `sync_server`."""


def imported_rooms(path: Path) -> Iterator[str]:
    """Yield the names of the packages in `sync_server`, such as `domain`, that a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sync_server"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from {name.split(".")[1] for name in names} & FLOORS.keys()


@pytest.mark.parametrize("room", FLOORS)
def test_imports_run_one_way(room: str) -> None:
    allowed = FLOORS[room] | {room}

    foreign = {
        f"{path.relative_to(SERVER)} imports from {other}"
        for path in (SERVER / room).rglob("*.py")
        for other in imported_rooms(path)
        if other not in allowed
    }

    assert foreign == set()


def test_importing_the_domain_loads_neither_web_nor_database() -> None:
    script = (
        "import sys, sync_server.domain.judging.standing, sync_server.domain.records.door\n"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run(  # noqa: S603 - runs only our script
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    loaded = {name.split(".")[0] for name in done.stdout.split()}

    assert not loaded & {"flask", "sqlalchemy", "openpyxl", "argon2", "werkzeug"}


def test_the_site_is_no_package() -> None:
    assert not (ROOT / "site" / "__init__.py").exists()
