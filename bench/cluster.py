"""Control the cluster of databases and servers that `deploy/cluster/up` starts on this machine."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from msgspec import Struct

from sync_server.config import ROOT

WEB_PORT, DATABASE_PORT = 8500, 5500
"""The ports at which HAProxy passes requests to a server, and connections to the leading database.
"""
SERVER_PORTS = (8501, 8502)
NODES = (1, 2, 3)
LOOPBACK = "127.0.0"
RECOVERY_S = 120.0
"""The longest time in seconds to wait until the cluster has recovered from a fault."""


class Cluster(Struct):
    """A cluster of three database nodes and two servers on this machine.

    `folder` is the folder in which `deploy/cluster/up` created the cluster.
    """

    folder: Path

    @property
    def network(self) -> str:
        """The first three numbers of the nodes' addresses, such as "10.77.0"."""
        return (self.folder / "network").read_text().strip()

    @property
    def is_isolated(self) -> bool:
        """Whether every node has a network and a disk of its own, so that both can be broken."""
        return self.network != LOOPBACK

    def address(self, node: int) -> str:
        """Return the network address of a node."""
        return f"{self.network}.1{node}"

    def connect(self, host: str = "127.0.0.1", port: int = DATABASE_PORT) -> psycopg.Connection:
        """Connect to the servers' database, by default on the node that leads."""
        return psycopg.connect(
            host=host,
            port=port,
            user="diemcau",
            dbname="diemcau",
            password=self.password("diemcau"),
            connect_timeout=5,
            autocommit=True,
        )

    def bring_up(self) -> None:
        """Start the programs that are not running, and wait until there are a leader and a standby.

        Raises: CalledProcessError if the cluster does not start.
        """
        subprocess.run(
            [str(ROOT / "deploy" / "cluster" / "up"), str(self.folder)],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHON": sys.executable},
        )

    def password(self, account: str) -> str:
        lines = (self.folder / "passwords").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)[account]

    def pid(self, name: str) -> int:
        """Return the id of the process that `deploy/cluster/up` started under `name`.

        Examples of names are `etcd1` and `server8501`.
        """
        return int((self.folder / "run" / f"{name}.pid").read_text().split()[0])

    def postgres_pids(self, node: int) -> list[int]:
        """Return the ids of PostgreSQL's processes on a node, or [] if PostgreSQL is not running.

        The id of the main process comes first.
        """
        path = self.folder / f"node{node}" / "data" / "postmaster.pid"
        try:
            first = int(path.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return []
        is_running = Path(f"/proc/{first}").exists()
        return [first, *_children(first)] if is_running else []

    def node_pids(self, node: int) -> list[int]:
        """Return the ids of all processes on a node: those of Patroni, etcd and PostgreSQL."""
        ours = [self.pid(f"patroni{node}"), self.pid(f"etcd{node}")]
        return [*ours, *self.postgres_pids(node)]

    def members(self) -> dict[str, dict[str, Any]]:
        """Ask Patroni, which manages the nodes, for their states, and return {name: state}.

        A state is a node's entry in the answer to `GET /cluster`, with fields such as `role`.
        Return {} if no node answers.
        """
        for node in NODES:
            with suppress(OSError, ValueError, http.client.HTTPException):
                connection = http.client.HTTPConnection(self.address(node), 8008, timeout=2)
                connection.request("GET", "/cluster")
                members = json.loads(connection.getresponse().read())["members"]
                return {member["name"]: member for member in members}
        return {}

    def with_role(self, role: str) -> list[int]:
        members = self.members().items()
        return [int(name[-1]) for name, member in members if member["role"] == role]

    def is_whole(self) -> bool:
        """Return whether a leader, a synchronous standby and a third node run without lag.

        A node lags if its copy of the database is behind the leader's.
        """
        members = self.members().values()
        roles = sorted(member["role"] for member in members)
        is_close = all(member.get("lag", 0) == 0 for member in members)
        running = all(member["state"] in {"running", "streaming"} for member in members)
        return roles == ["leader", "replica", "sync_standby"] and running and is_close


def _children(parent: int) -> list[int]:
    children = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                children.append(int(path.parent.name))
    return children


def signal_all(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def wait_until(what: str, is_so: Callable[[], bool]) -> None:
    """Wait until `is_so` returns True; `what` names the condition in the error message.

    Raises: TimeoutError after `RECOVERY_S` seconds.
    """
    deadline_s = time.monotonic() + RECOVERY_S
    while not is_so():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"not within {RECOVERY_S:.0f} s: {what}")
        time.sleep(0.3)
