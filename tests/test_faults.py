"""Test that no acknowledged record is lost or stored twice if system calls or the power fail.

`make chaos` tests more tasks of the server, and prints the figures.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sync_server.config import ROOT

PRELOADED = Path("/usr/lib/fiu/fiu_posix_preload.so")
"""The library that makes system calls fail, from Debian's package fiu-utils."""
JOBS = ("intake", "power", *(("queue", "migration", "restore") if "KILLS" in os.environ else ()))

pytestmark = pytest.mark.skipif(not PRELOADED.exists(), reason="needs Debian's package fiu-utils")


@pytest.mark.parametrize("job", JOBS)
def test_whatever_call_fails_nothing_acknowledged_is_lost(
    job: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {
        **os.environ,
        "LD_PRELOAD": str(PRELOADED),
        # The interpreter itself must not make the watched calls: the function that counts them is
        # written in Python, and cannot run while Python's allocator asks for memory.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONMALLOC": "malloc",
        "PYTHONPATH": f".{os.pathsep}site/plugins{os.pathsep}site",
    }
    program = [sys.executable, "-m", "tests.faults", job, str(tmp_path / "database")]
    run = subprocess.run(  # noqa: S603 - it is this interpreter
        program, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    figures = json.loads(run.stdout)

    assert figures["calls"] > 20
    assert (figures["lost"], figures["doubled"], figures["stuck"]) == (0, 0, 0)
    if "KILLS" in os.environ:
        with capsys.disabled():
            sys.stdout.write(f"faults, {job}: {figures}\n")
