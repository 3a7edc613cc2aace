"""Break a running cluster under load, and check that no acknowledged record is lost or doubled.

Devices send check-ins to the servers that `deploy/cluster/up` has started, and sometimes hang up
before the answer; readers fetch the records of every hall. Meanwhile nodes are killed, frozen, or
cut off from other nodes, network lines fail for moments, and disks get full. In the end,
`bench.history` compares what the clients received with the ledger (the table of records) of every
node. The attendance that the servers return is also compared with the records.

    deploy/cluster/up && python -m bench.cluster_chaos --rounds 1
"""

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from dotenv import dotenv_values

from bench import history
from bench.cluster import NODES, SERVER_PORTS, Cluster, wait_until
from bench.cluster_faults import Saboteur
from bench.cluster_load import BATCH, Hall, Load, get_standing, prepare
from bench.history import History, Row
from sync_server import create_app
from sync_server.config import ROOT, load_settings

AIM_S = 30.0
"""The longest time in seconds for which a fault may stop all acknowledgements."""


def final_rows(cluster: Cluster, node: int, meeting: str) -> list[Row]:
    """Return the records of a meeting that one node stores, sorted by hall and position.

    A position is the place of a record in the sequence of all records of one hall. A record occurs
    once for every hall that it concerns.
    """
    query = (
        "SELECT id, point, position FROM ledger WHERE meeting = %s UNION ALL"
        " SELECT id, point, position FROM listing WHERE meeting = %s ORDER BY 2, 3, 1"
    )
    with cluster.connect(cluster.address(node), 5432) as connection:
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
    with cluster.connect() as connection:
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


def commit_ms(cluster: Cluster, level: str, commits: int = 200) -> float:
    """Measure small commits at the cluster's leader, and return their median time in ms.

    `level` is the value of PostgreSQL's setting `synchronous_commit`, such as "local" or "on".
    """
    times = []
    with cluster.connect() as connection:
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

    `load` contains what the devices and readers received. `copies` are the final records of every
    node, which must be equal. `misjudged_halls` are messages about wrong attendance. `took_s` is
    the duration of the run in seconds.
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
