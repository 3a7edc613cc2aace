"""Break a cluster in one way after another, and repair it."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bench.cluster import NODES, Cluster, signal_all, wait_until
from bench.cluster_load import BATCH, Load
from bench.history import Fault

FROZEN_S, CUT_S = 15.0, 20.0
LEADER_FROZEN_S = 30.0
"""The number of seconds for which the leader's node is frozen.

The time is long enough for another node to become the leader. The change of leader takes longer if
the frozen node also runs the leader of etcd (the store of the cluster's state), because the next
leader of etcd extends every lease by its full duration."""
NOBODY = "02:00:00:00:00:00"
"""A hardware address that no node has, so that nobody answers what is sent there."""


class Saboteur:
    """A tool that causes faults in a cluster, one at a time, and repairs the cluster afterwards.

    `plan` is {name of a fault: method that causes the fault}.
    """

    def __init__(self, cluster: Cluster, load: Load) -> None:
        self._cluster, self._load = cluster, load
        self.plan: dict[str, Callable[[], None]] = {
            "kill-leader": self.kill_leader,
            "kill-postgres": self.kill_postgres,
            "freeze-leader": self.freeze_leader,
            "freeze-standby": self.freeze_standby,
            "stop-etcd": self.stop_etcd,
            "stop-standbys": self.stop_standbys,
            "kill-server": self.kill_server,
        }
        if cluster.is_isolated:
            self.plan |= {
                "unplug-leader": self.unplug_leader,
                "part-leader": self.part_leader,
                "part-all": self.part_all,
                "flap-lines": self.flap_lines,
                "fill-leader": self.fill_leader,
                "fill-standby": self.fill_standby,
            }

    @contextmanager
    def _fault(self, name: str, *, has_quorum: bool = True) -> Iterator[None]:
        began_s = time.monotonic()
        yield
        ended_s = time.monotonic()
        self._load.seen.faults.append(Fault(name, began_s, ended_s, has_quorum))
        self._cluster.bring_up()
        wait_until("the cluster is whole", self._cluster.is_whole)
        self._wait_for_answers()

    def _wait_for_answers(self) -> None:
        """Wait until the devices have received answers for four more batches each, on average.

        Raises: TimeoutError after `RECOVERY_S` seconds.
        """
        before = self._load.count()
        wanted = before + 4 * BATCH * len(self._load.sent)
        wait_until("devices are answered", lambda: self._load.count() >= wanted)

    def _leader(self) -> int:
        return self._cluster.with_role("leader")[0]

    def kill_leader(self) -> None:
        """Kill all processes of the leader's node; restart them once another node leads."""
        with self._fault("leader's node killed"):
            leader = self._leader()
            signal_all(self._cluster.node_pids(leader), signal.SIGKILL)
            wait_until(
                "another leads", lambda: self._cluster.with_role("leader") not in ([], [leader])
            )
            self._wait_for_answers()

    def kill_postgres(self) -> None:
        """Kill PostgreSQL on the leader's node.

        Patroni then restarts PostgreSQL there, or makes another node the leader.
        """
        with self._fault("leader's PostgreSQL killed"):
            signal_all(self._cluster.postgres_pids(self._leader()), signal.SIGKILL)

    def freeze_leader(self) -> None:
        with self._fault(f"leader's node frozen {LEADER_FROZEN_S:.0f} s"):
            self._freeze(self._leader(), LEADER_FROZEN_S)

    def freeze_standby(self) -> None:
        with self._fault(f"synchronous standby frozen {FROZEN_S:.0f} s"):
            self._freeze(self._cluster.with_role("sync_standby")[0], FROZEN_S)

    def _freeze(self, node: int, seconds: float) -> None:
        pids = self._cluster.node_pids(node)
        signal_all(pids, signal.SIGSTOP)
        _wait_then(seconds, lambda: signal_all(pids, signal.SIGCONT))

    def stop_etcd(self) -> None:
        with self._fault(f"two etcd members killed {CUT_S:.0f} s", has_quorum=False):
            signal_all([self._cluster.pid(f"etcd{node}") for node in NODES[:2]], signal.SIGKILL)
            time.sleep(CUT_S)

    def stop_standbys(self) -> None:
        with self._fault(f"both standbys killed {CUT_S:.0f} s", has_quorum=False):
            leader = self._leader()
            for node in set(NODES) - {leader}:
                pids = [self._cluster.pid(f"patroni{node}"), *self._cluster.postgres_pids(node)]
                signal_all(pids, signal.SIGKILL)
            time.sleep(CUT_S)

    def kill_server(self) -> None:
        with self._fault("one of two servers killed"):
            signal_all([self._cluster.pid("server8501")], signal.SIGKILL)
            time.sleep(5)

    def unplug_leader(self) -> None:
        """Cut the leader off from everybody: from the other nodes and from the servers."""
        with self._fault(f"leader's cable pulled {LEADER_FROZEN_S:.0f} s"):
            self._unplug(self._leader(), LEADER_FROZEN_S)

    def _unplug(self, node: int, seconds: float) -> None:
        _ip("link", "set", f"diemcau{node}", "down")
        _wait_then(seconds, lambda: _ip("link", "set", f"diemcau{node}", "up"))

    def part_leader(self) -> None:
        """Cut the leader off from the other nodes only; the servers still reach all nodes."""
        with self._fault(f"leader parted from both others {LEADER_FROZEN_S:.0f} s"):
            leader = self._leader()
            self._part([(leader, node) for node in NODES if node != leader], LEADER_FROZEN_S)

    def part_all(self) -> None:
        """Cut every node off from every other; the servers still reach all nodes."""
        with self._fault(f"all nodes parted {CUT_S:.0f} s", has_quorum=False):
            self._part([(1, 2), (1, 3), (2, 3)], CUT_S)

    def _part(self, pairs: Sequence[tuple[int, int]], seconds: float) -> None:
        """Block all traffic between the two nodes of every pair for some seconds.

        Packets vanish silently, so that neither node receives an error.
        """
        ways = [*pairs, *((other, node) for node, other in pairs)]
        lines = [
            (("-n", f"diemcau{node}", "neighbour"), (self._cluster.address(other), "dev", "eth0"))
            for node, other in ways
        ]
        for neighbours, entry in lines:
            _ip(*neighbours, "replace", *entry, "lladdr", NOBODY, "nud", "permanent")

        def reconnect() -> None:
            for neighbours, entry in lines:
                _ip(*neighbours, "delete", *entry)

        _wait_then(seconds, reconnect)

    def flap_lines(self) -> None:
        """Disconnect one random node after another from the network, for up to 3 seconds each."""
        with self._fault(f"cables pulled for a moment, {LEADER_FROZEN_S:.0f} s"):
            dice, until_s = random.Random(1), time.monotonic() + LEADER_FROZEN_S  # noqa: S311 - any order
            while time.monotonic() < until_s:
                self._unplug(dice.choice(NODES), dice.uniform(0.5, 3.0))
                time.sleep(dice.uniform(0.5, 2.0))

    def fill_leader(self) -> None:
        with self._fault(f"leader's disk full {CUT_S:.0f} s"):
            self._fill(self._leader(), CUT_S)

    def fill_standby(self) -> None:
        with self._fault(f"synchronous standby's disk full {CUT_S:.0f} s"):
            self._fill(self._cluster.with_role("sync_standby")[0], CUT_S)

    def _fill(self, node: int, seconds: float) -> None:
        """Leave no free space on a node's disk for some seconds."""
        filler = self._cluster.folder / f"node{node}" / "filler"
        until_s = time.monotonic() + seconds
        try:
            with filler.open("wb") as file:
                size = 0
                while time.monotonic() < until_s:
                    disk = os.statvfs(filler)
                    free = disk.f_bavail * disk.f_frsize  # root may use more, PostgreSQL may not
                    if free:
                        os.posix_fallocate(file.fileno(), size, free)
                        size += free
                    time.sleep(0.2)
        finally:
            filler.unlink()


def _wait_then(seconds: float, undo: Callable[[], object]) -> None:
    """Wait, and then undo a fault, also if the wait is interrupted."""
    try:
        time.sleep(seconds)
    finally:
        undo()


def _ip(*words: str) -> None:
    subprocess.run(["/usr/sbin/ip", *words], check=True)
