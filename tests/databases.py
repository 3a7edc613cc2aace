"""Provide databases on SQLite and on a temporary PostgreSQL server, for tests and benchmarks."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg

DEBIAN_FOLDER = "/usr/lib/postgresql"


class Databases(Protocol):
    """Databases of one engine, each with a name."""

    def url(self, name: str) -> str:
        """Return the URL of a database."""

    def renew(self, name: str, *, template: str | None = None) -> None:
        """Make a database anew: empty, or as a copy of the database `template`.

        Nobody may be connected to `template` meanwhile.
        """


class SqliteDatabases:
    """Databases in files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, name: str) -> str:
        return f"sqlite:///{self._path(name)}"

    def renew(self, name: str, *, template: str | None = None) -> None:
        for path in self._folder.glob(f"{name}.sqlite3*"):
            path.unlink()
        if template:
            shutil.copy(self._path(template), self._path(name))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.sqlite3"


class PostgresDatabases:
    """The databases of a running PostgreSQL server, which tests empty, or fill with a copy of
    another.
    """

    def __init__(self, url: str) -> None:
        """Store the server's address, taken from the URL of any database on the server.

        The role (account) in the URL must be permitted to create databases.
        """
        self._server = url.rpartition("/")[0]

    def url(self, name: str) -> str:
        return f"{self._server}/{name}"

    def renew(self, name: str, *, template: str | None = None) -> None:
        address = self._server.replace("+psycopg", "", 1) + "/postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template1'}")


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


def take_over(programs: Path, url: str, while_standby: Callable[[], None] = lambda: None) -> None:
    """Restart the PostgreSQL server at `url` as a standby, and let it take over as the leader.

    The take-over raises the server's timeline, a number that counts take-overs. `while_standby` is
    called before the server takes over. `programs` is the folder of PostgreSQL's programs. Raises:
    AssertionError if a program fails.
    """
    address = url.replace("+psycopg", "", 1)
    with psycopg.connect(address) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row
    data = Path(row[0])
    as_owner = _not_as_root(data.parent)
    _run([*as_owner, "touch", str(data / "standby.signal")])
    control = [*as_owner, str(programs / "pg_ctl"), "-D", str(data), "-w"]
    _run([*control, "-m", "fast", "-l", str(data.parent / "log"), "restart"])
    while_standby()
    _run([*control, "promote"])


def _not_as_root(folder: Path) -> list[str]:
    """Return arguments to put before a command, so that it runs as Debian's user `postgres`.

    PostgreSQL refuses to run as root. If this process runs as root, `folder` is also made the
    property of that user; otherwise, the result is an empty list.
    Raises: KeyError if the user does not exist.
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
