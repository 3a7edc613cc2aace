"""Start a temporary PostgreSQL server for the tests of storage and for the benchmarks."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

DEBIAN_FOLDER = "/usr/lib/postgresql"


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs; None if they are not installed.

    If Debian has several versions installed, the newest one is used.
    """
    newest = sorted(Path(DEBIAN_FOLDER).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if newest:
        return newest[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


@contextmanager
def postgres(programs: Path, *, durable: bool = False) -> Iterator[str]:
    """Run a PostgreSQL server with an empty database until the context ends; yield its URL.

    `programs` is the folder of PostgreSQL's programs. Only a `durable` server waits for the disk at
    every commit, as benchmarks require.
    Raises: AssertionError if the server cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="diemcau-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            port = listener.getsockname()[1]
        as_owner = _not_as_root(folder)
        data = folder / "data"
        _run([*as_owner, str(programs / "initdb"), "-D", str(data), "-U", "diemcau", "-A", "trust"])
        fsync = "on" if durable else "off"
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync={fsync}"
        control = [*as_owner, str(programs / "pg_ctl"), "-D", str(data), "-w"]
        _run([*control, "-o", options, "-l", str(folder / "log"), "start"])
        try:
            yield f"postgresql+psycopg://diemcau@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"])


def _not_as_root(folder: Path) -> list[str]:
    """Return the words that, put before a command, run it as Debian's account `postgres`.

    PostgreSQL refuses to run as root. If this process runs as root, `folder` is also given to the
    account; otherwise, the result is an empty list.
    Raises: KeyError if the account does not exist.
    """
    if os.geteuid() != 0:
        return []
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return ["runuser", "-u", "postgres", "--"]


def _run(command: list[str]) -> None:
    # Output goes to a file. The started server would keep a pipe open, and the wait would not end.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(  # noqa: S603 - runs only PostgreSQL's programs
            command, stdout=output, stderr=subprocess.STDOUT, check=False, cwd="/"
        )
        output.seek(0)
        assert done.returncode == 0, output.read().decode()
