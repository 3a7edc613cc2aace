"""Break a running cluster under load, and check that nothing acknowledged is lost or doubled.

Devices send check-ins to the servers of `deploy/cluster/up` and sometimes hang up before the
answer; readers follow every hall. Meanwhile nodes are killed, frozen, cut off from all others or
from a majority, their lines fail for moments and their disks get full. In the end `bench.history`
compares what everybody saw with the ledger of every node, and the attendance that the servers
return with the records.

    deploy/cluster/up && python -m bench.cluster_chaos --rounds 1
"""

import argparse
import http.client
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import uuid_utils
from dotenv import dotenv_values
from msgspec import Struct

from bench import history
from bench.history import Answer, Fault, History, Page, Row
from sync_server import create_app
from sync_server.acts import arrangements
from sync_server.config import ROOT, load_settings
from sync_server.database import db, write
from sync_server.domain.records.codes import from_ms
from sync_server.domain.records.kinds import Summoned
from sync_server.storage import directory
from sync_server.storage.access import devices
from sync_server.storage.directory import PublishedMeeting, PublishedPoint, PublishedUnit

WEB_PORT, DATABASE_PORT = 8500, 5500
SERVER_PORTS = (8501, 8502)
NODES = (1, 2, 3)
STARTS_MS = 1_724_286_600_000
POINTS, CLERKS, PEOPLE, BATCH = 3, 2, 60, 3
"""The numbers of halls, of devices per hall, of people per hall, and of check-ins per request.

For every device, there is also one reader.
"""
CLOCKLESS_POINT = "P001"
"""The hall whose devices never report their clocks. With every report, a hall is judged whole."""
PAUSE_S = (0.25, 0.45)
"""The shortest and the longest pause, in seconds, between two requests of a device.

The server accepts at most 600 requests per minute from one device.
"""
DROPPED = 0.15
"""The share of requests after which a device hangs up without waiting for the answer."""
TIMEOUT_S = 15.0
FROZEN_S, CUT_S = 15.0, 20.0
LEADER_FROZEN_S = 30.0
"""The number of seconds for which the leader's node is frozen.

The time is long enough for another node to become the leader. If the frozen node also runs the
leader of etcd, this takes longer, because the next leader of etcd extends every lease by its full
duration.
"""
RECOVERY_S = 120.0
AIM_S = 30.0
IS_ROOT = os.getuid() == 0
"""Whether every node has a network and a disk of its own; only root can set them up."""
NOBODY = "02:00:00:00:00:00"
"""A hardware address that no node has, so that nobody answers what is sent there."""
SENT_AGAIN = 250
"""The number of records per request when every device finally sends all its records once more."""


def address(node: int) -> str:
    """Return the network address that `deploy/cluster/up` gives to a node."""
    return f"10.77.0.1{node}" if IS_ROOT else f"127.0.0.1{node}"


class Cluster(Struct):
    """A cluster of three database nodes and two servers on this machine.

    `folder` is the folder in which `deploy/cluster/up` created the cluster.
    """

    folder: Path

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
                connection = http.client.HTTPConnection(address(node), 8008, timeout=2)
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


class Hall(Struct, frozen=True):
    """A check-in device in the hall with the code `point`.

    The device sends records with `token`, and a reader fetches the hall's records with
    `read_token`.
    """

    point: str
    device: str
    token: str
    read_token: str


def prepare(meeting: str) -> list[Hall]:
    """Store a meeting with halls and people in the cluster's database, and register devices.

    `meeting` is the id of the new meeting. Return the registered devices.
    """
    app = create_app(load_settings())
    codes = [f"P{n:03d}" for n in range(1, POINTS + 1)]
    with app.app_context():
        units = [PublishedUnit("U1", "Đơn vị", "DOANH_NGHIEP")]
        halls = [PublishedPoint(code, code, "U1") for code in codes]
        published = PublishedMeeting(
            meeting, "Bench", from_ms(STARTS_MS), from_ms(STARTS_MS + 9_000_000)
        )
        write(lambda c: directory.put_places(c, units, halls))
        write(lambda c: arrangements.accept_meeting(c, published, STARTS_MS - 86_400_000))
        rolls = {
            code: [Summoned(f"M{code[1:]}-{n}", "U1", "", f"A{n}") for n in range(PEOPLE)]
            for code in codes
        }
        write(lambda c: arrangements.summon(c, meeting, rolls, STARTS_MS - 80_000_000))
        enrolled = [write(partial(_enrol, point=code)) for code in codes * CLERKS]
        db.engine.dispose()
    return [
        Hall(code, device.device, device.token, device.read_token)
        for code, device in zip(codes * CLERKS, enrolled, strict=True)
    ]


def _enrol(connection: Any, point: str) -> Any:
    code = devices.new_enrolment(connection, point, now_ms=STARTS_MS)
    return devices.enrol(connection, code, "bench", None, now_ms=STARTS_MS)


def post_sync(token: str, body: dict[str, Any], hang_up_s: float | None = None) -> Any:
    """Send a sync request, and return the decoded answer, or None if the request fails.

    If `hang_up_s` is given, close the connection after that number of seconds without reading the
    answer, and return None.
    """
    connection = http.client.HTTPConnection("127.0.0.1", WEB_PORT, timeout=TIMEOUT_S)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request("POST", "/api/v1/sync", json.dumps(body), headers)
        if hang_up_s is not None:
            time.sleep(hang_up_s)
            return None
        response = connection.getresponse()
        content = response.read()
        return msgspec.json.decode(content) if response.status == http.client.OK else None
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return None
    finally:
        connection.close()


def get_standing(port: int, meeting: str, hall: Hall) -> Any:
    """Ask the server at `port` for the attendance in a hall; return None if the request fails."""
    connection = http.client.HTTPConnection("localhost", port, timeout=TIMEOUT_S)
    headers = {"Authorization": f"Bearer {hall.read_token}"}
    try:
        connection.request("GET", f"/api/v1/meetings/{meeting}/standing", headers=headers)
        response = connection.getresponse()
        content = response.read()
        return msgspec.json.decode(content) if response.status == http.client.OK else None
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return None
    finally:
        connection.close()


class Load:
    """Threads that send check-ins from devices, and threads that read them, until `stop` is called.

    Every device in `halls` has one sending thread and one reading thread. `seen` contains the
    answers and pages that they have received.
    """

    def __init__(self, meeting: str, halls: Sequence[Hall]) -> None:
        self.meeting = meeting
        self.seen = History([], [], [])
        self.dropped = self.replayed = 0
        self.sent: dict[str, list[dict[str, Any]]] = {hall.device: [] for hall in halls}
        self.faults: list[BaseException] = []
        self._halls = halls
        self._is_over = threading.Event()
        self._may_stop_reading = threading.Event()
        self._guard = threading.Lock()
        self._writers = [self._thread(self._write, hall, n) for n, hall in enumerate(halls)]
        self._readers = [self._thread(self._read, hall, n) for n, hall in enumerate(halls)]

    def _thread(self, work: Callable[[Hall, int], None], hall: Hall, number: int) -> Any:
        def run() -> None:
            try:
                work(hall, number)
            except BaseException as fault:  # noqa: BLE001 - the main thread raises it again
                self.faults.append(fault)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Stop all threads after devices have resent all records and readers have caught up.

        Raises: the first error that occurred in any thread, or TimeoutError if a thread does not
        end.
        """
        self._is_over.set()
        for thread in self._writers:
            thread.join(RECOVERY_S)
        self._may_stop_reading.set()
        for thread in self._readers:
            thread.join(RECOVERY_S)
        if self.faults:
            raise self.faults[0]
        if any(thread.is_alive() for thread in (*self._writers, *self._readers)):
            raise TimeoutError("a device or a reader does not come to an end")

    def count(self) -> int:
        return len(self.seen.answers)

    def _write(self, hall: Hall, number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - a seed repeats the load
        while not self._is_over.is_set():
            first = len(self.sent[hall.device])
            batch = [self._check_in(hall, first + n, dice) for n in range(1, BATCH + 1)]
            self.sent[hall.device] += batch
            self._send(hall, batch, dice)
            time.sleep(dice.uniform(*PAUSE_S))
        records = self.sent[hall.device]
        for start in range(0, len(records), SENT_AGAIN):
            self._send(hall, records[start : start + SENT_AGAIN], dice, drops=False)

    def _send(
        self, hall: Hall, batch: list[dict[str, Any]], dice: random.Random, *, drops: bool = True
    ) -> None:
        """Send a batch of records until the server answers, and add the answers to `seen`.

        If `drops` is True, the connection is sometimes closed before the answer arrives.
        """
        while True:
            body: dict[str, Any] = {"records": batch, "highest": batch[-1]["seq"]}
            if hall.point != CLOCKLESS_POINT and dice.random() < 0.5:
                body["clock"] = {"wall": from_ms(round(time.time() * 1000)), "mono_ms": 500}
                body["clock"]["boot"] = "b1"
            hangs_up = drops and dice.random() < DROPPED
            sent_s = time.monotonic()
            answer = post_sync(hall.token, body, dice.uniform(0, 0.05) if hangs_up else None)
            if answer:
                answered_s = time.monotonic()
                with self._guard:
                    self.seen.answers += [
                        Answer(v["id"], sent_s, answered_s, v["status"], v["fate"])
                        for v in answer["verdicts"]
                    ]
                    self.replayed += drops and answer["verdicts"][0]["status"] == "known"
                return
            with self._guard:
                self.dropped += hangs_up
            time.sleep(dice.uniform(*PAUSE_S))

    def _check_in(self, hall: Hall, seq: int, dice: random.Random) -> dict[str, Any]:
        person = dice.randrange(PEOPLE)
        return {
            "id": str(uuid_utils.uuid7()),
            "v": 1,
            "kind": "check_in",
            "meeting": self.meeting,
            "point": hall.point,
            "device": hall.device,
            "seq": seq,
            "boot": "b1",
            "at": from_ms(STARTS_MS - dice.randint(0, 1_800_000)),
            "mono_ms": 1000 + seq * 700,
            "by": "clerk",
            "source": "search",
            "person": f"M{hall.point[1:]}-{person}",
            "body": {"mode": "in_person", "seat": f"A{person}"},
        }

    def _read(self, hall: Hall, number: int) -> None:
        cursor, reader = "0", f"reader {number}"
        while True:
            may_stop = self._may_stop_reading.is_set()
            body = {"meeting": self.meeting, "point": hall.point, "cursor": cursor}
            answer = post_sync(hall.read_token, body)
            if answer:
                ids = tuple(record["id"] for record in answer["records"])
                source, _, head = answer["cursor"].partition(":")
                after = int(cursor.partition(":")[2]) if cursor.startswith(f"{source}:") else 0
                page = Page(reader, hall.point, time.monotonic(), after, ids, int(head), source)
                with self._guard:
                    self.seen.pages.append(page)
                cursor = answer["cursor"]
                if may_stop and not ids:
                    return
            get_standing(WEB_PORT, self.meeting, hall)  # so that the servers remember the halls
            time.sleep(0.4)


def wait_until(what: str, is_so: Callable[[], bool]) -> None:
    """Wait until `is_so` returns True; `what` names the condition in the error message.

    Raises: TimeoutError after `RECOVERY_S` seconds.
    """
    deadline_s = time.monotonic() + RECOVERY_S
    while not is_so():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"not within {RECOVERY_S:.0f} s: {what}")
        time.sleep(0.3)


class Saboteur:
    """A collection of faults that break the cluster one at a time and repair it afterwards.

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
        if IS_ROOT:
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
        try:
            time.sleep(seconds)
        finally:
            signal_all(pids, signal.SIGCONT)

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
        _run("ip", "link", "set", f"diemcau{node}", "down")
        try:
            time.sleep(seconds)
        finally:
            _run("ip", "link", "set", f"diemcau{node}", "up")

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
        """Let nothing through between the two nodes of every pair, without telling either."""
        ways = [*pairs, *((other, node) for node, other in pairs)]
        for node, other in ways:
            entry = (address(other), "lladdr", NOBODY, "dev", "eth0", "nud", "permanent")
            _run("ip", "-n", f"diemcau{node}", "neighbour", "replace", *entry)
        try:
            time.sleep(seconds)
        finally:
            for node, other in ways:
                _run(
                    "ip",
                    "-n",
                    f"diemcau{node}",
                    "neighbour",
                    "delete",
                    address(other),
                    "dev",
                    "eth0",
                )

    def flap_lines(self) -> None:
        """Pull the cable of one node after another for a moment, again and again."""
        with self._fault(f"cables pulled for a moment, {LEADER_FROZEN_S:.0f} s"):
            dice, until_s = random.Random(1), time.monotonic() + LEADER_FROZEN_S  # noqa: S311
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


def _run(*words: str) -> None:
    subprocess.run(words, check=True)


def final_rows(cluster: Cluster, node: int, meeting: str) -> list[Row]:
    """Return the records of a meeting that one node stores, sorted by hall and position.

    A record occurs once for every hall that it concerns.
    """
    query = (
        "SELECT id, point, position FROM ledger WHERE meeting = %s UNION ALL"
        " SELECT id, point, position FROM listing WHERE meeting = %s ORDER BY 2, 3, 1"
    )
    with connect(cluster, address(node), 5432) as connection:
        rows = connection.execute(query, (meeting, meeting)).fetchall()
    return [Row(*row) for row in rows]


def misjudged(cluster: Cluster, meeting: str, halls: Sequence[Hall]) -> list[str]:
    """Return a message for every server that reports a wrong attendance of a hall.

    The servers keep the attendance up to date with every record. Here it is computed once, from all
    records.
    """
    answers = {
        (port, hall.device): get_standing(port, meeting, hall)
        for port in SERVER_PORTS
        for hall in halls
    }
    with connect(cluster, "127.0.0.1", DATABASE_PORT) as connection:
        connection.execute("DELETE FROM point_standing WHERE meeting = %s", (meeting,))
    client = create_app(load_settings()).test_client()
    faults = []
    for (port, device), answer in answers.items():
        hall = next(hall for hall in halls if hall.device == device)
        headers = {"Authorization": f"Bearer {hall.read_token}", "Host": "localhost"}
        response = client.get(f"/api/v1/meetings/{meeting}/standing", headers=headers)
        if answer is None or response.get_json() != answer:
            faults.append(f"port {port}, {hall.point}: {answer and answer['counts']}")
    return faults


def connect(cluster: Cluster, host: str, port: int) -> psycopg.Connection:
    """Connect to the server's database on a node, or on the leader through HAProxy."""
    return psycopg.connect(
        host=host,
        port=port,
        user="diemcau",
        dbname="diemcau",
        password=cluster.password("diemcau"),
        connect_timeout=5,
        autocommit=True,
    )


def commit_ms(cluster: Cluster, level: str, commits: int = 200) -> float:
    """Measure small commits at the cluster's leader, and return their median time in ms.

    `level` is the value of PostgreSQL's setting `synchronous_commit`, such as "local" or "on".
    """
    times = []
    with connect(cluster, "127.0.0.1", DATABASE_PORT) as connection:
        connection.execute(f"SET synchronous_commit = {level}")
        connection.execute("CREATE TABLE IF NOT EXISTS commit_cost (n int)")
        for n in range(commits):
            began_s = time.perf_counter()
            connection.execute("INSERT INTO commit_cost VALUES (%s)", (n,))
            times.append(time.perf_counter() - began_s)
        connection.execute("DROP TABLE commit_cost")
    return statistics.median(times) * 1000


def print_report(
    load: Load, copies: Sequence[list[Row]], misjudged_halls: list[str], took_s: float
) -> bool:
    """Print the figures of a run, and return True if all checks of the records passed.

    `copies` are the final records of every node, which must be equal. `took_s` is the duration of
    the run in seconds.
    """
    seen, rows = load.seen, copies[0]
    faults = history.faults_in(seen, rows)
    faults["nodes that differ"] = [f"copy {n}" for n, copy in enumerate(copies, 1) if copy != rows]
    faults["misjudged"] = misjudged_halls
    print_pauses(seen)
    answered = len(history.acknowledged(seen.answers))
    again = history.replayed(seen.answers)
    print(
        f"{took_s:.0f} s, {len(seen.faults)} faults: acknowledged {answered},"
        f" lost {len(faults['lost'])}, doubled {len(faults['doubled'])},"
        f" replayed {again} ({load.replayed * BATCH} of them under load)"
    )
    print(
        f"hung up {load.dropped} times; {len(load.sent)} readers read"
        f" {sum(len(page.records) for page in seen.pages)}; acknowledged in the spans without"
        f" quorum {len(history.answered_without_quorum(seen))}"
    )
    forgotten = history.taken_back(seen.pages, rows)
    print(f"readers began again and forgot what was never acknowledged: {len(forgotten)} records")
    for kind, lines in faults.items():
        print(f"{kind}: {len(lines)}", *lines[:5], sep="\n  " if lines else "")
    return not any(faults.values())


def print_pauses(seen: History) -> None:
    """Print how long each fault stopped all acknowledgements, and how long answers usually take."""
    print(f"{'pause s':>8} {'after s':>8}  fault")
    pauses = history.pauses(seen)
    for pause in pauses:
        after = "-" if pause.after_s is None else f"{pause.after_s:.1f}"
        print(f"{pause.longest_s:>8.1f} {after:>8}  {pause.fault.name}")
    longest = max((pause.longest_s for pause in pauses if pause.fault.has_quorum), default=0.0)
    print(f"longest pause while there was quorum: {longest:.1f} s (aim {AIM_S:.0f} s)")
    quiet = [
        answer.answered_s - answer.sent_s
        for answer in seen.answers
        if not any(f.began_s - 1 < answer.answered_s < f.ended_s + 15 for f in seen.faults)
    ]
    if len(quiet) > 1:
        cuts = statistics.quantiles(quiet, n=100)
        print(f"an answer in quiet times: median {cuts[49] * 1000:.0f} ms,", end=" ")
        print(f"p99 {cuts[98] * 1000:.0f} ms")


def main() -> None:
    """Break the cluster in every way `--rounds` times; exit with 1 if anything is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=ROOT / ".cluster")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="names of faults, such as kill-leader")
    parser.add_argument("--history", type=Path, help="write what everybody saw to this file")
    arguments = parser.parse_args()
    cluster = Cluster(arguments.folder.resolve())
    os.environ |= {k: v for k, v in dotenv_values(cluster.folder / "env").items() if v is not None}
    levels = {level: commit_ms(cluster, level) for level in ("local", "on")}
    print("a commit: " + ", ".join(f"{level} {ms:.1f} ms" for level, ms in levels.items()))
    meeting = f"2024-08-22-chaos-{round(time.time())}"
    halls = prepare(meeting)
    load = Load(meeting, halls)
    saboteur = Saboteur(cluster, load)
    began_s = time.monotonic()
    time.sleep(8)
    for _ in range(arguments.rounds):
        for name in arguments.only or saboteur.plan:
            saboteur.plan[name]()
            print(f"{time.monotonic() - began_s:6.0f} s  {name}: whole again", flush=True)
            time.sleep(6)
    load.stop()
    took_s = time.monotonic() - began_s
    wait_until("the cluster is whole", cluster.is_whole)
    leader = cluster.with_role("leader")[0]
    others = [node for node in NODES if node != leader]
    copies = [final_rows(cluster, node, meeting) for node in (leader, *others)]
    if arguments.history:
        arguments.history.write_bytes(msgspec.json.encode((load.seen, copies[0])))
    if not print_report(load, copies, misjudged(cluster, meeting, halls), took_s):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
