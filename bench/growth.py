"""Measure whether the server's work per record stays the same as the ledger and the halls grow.

The ledger contains all stored records. For the first table, conferences are held one after another,
and everybody checks in at 72 halls. The table shows the CPU time for storing one record, for
reading the first conference's board (the overview of all halls), and for reading one hall of that
conference. The second table shows the CPU time for computing the attendance of a hall after one
more check-in, in halls of different sizes. The third shows the CPU time for searching people by
name. Everything runs in this process, without HTTP. Run with
`python -m bench.growth [--most 1000000]`.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import uuid_utils
from sqlalchemy import Connection

from bench.conference import SECRET, STARTS_MS
from bench.ingest import MEETING, prepare
from sync_server import create_app
from sync_server.acts import arrangements
from sync_server.config import Settings
from sync_server.database import db, reading, write
from sync_server.domain.records.codes import from_ms
from sync_server.domain.records.door import Writer
from sync_server.domain.records.kinds import Summoned
from sync_server.domain.records.permissions import Profile
from sync_server.storage.directory import PublishedMeeting
from sync_server.storage.ledger import intake, standings
from sync_server.storage.ledger.intake import Delivery
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.people import roster
from sync_server.storage.people.roster import FoundPeople, RosterPerson

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
HALLS = (10, 100, 1_000)
NAMES = (5_000, 60_000, 115_000)
SEARCHES = ("mau", "van an", "duc tho", "khong ai")
"""Searches that match nearly all names, many, a few, and none."""
SYLLABLES = (
    "Ánh Bình Chi Dung Đức Giang Hà Khánh Lan Minh Nga Oanh Phúc Quý Sơn Thọ Uyên Văn Xuân Yến"
)
POINTS, BATCH = 72, 62
SAMPLES = 9
NOW_MS = STARTS_MS + 60_000


def main() -> None:
    """Measure and print all tables; a ratio compares a row's time with that in the first row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1_000_000, help="records in the largest ledger")
    arguments = parser.parse_args()
    measure_ledger(arguments.most)
    measure_halls()
    measure_names()


@contextmanager
def filled_app(points: int, people: int) -> Iterator[list[str]]:
    """Open an app with `points` halls of `people` people; yield the id of every hall's device."""
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/growth.sqlite3"
        load = prepare(url, Path(name), points, people, BATCH)
        app = create_app(Settings(url, SECRET, SECRET, Path(name), "http://localhost:8000"))
        with app.app_context():
            yield [batches[0][0]["device"] for batches in load.batches]
            db.engine.dispose()


def send(
    device: str, point: int, first_seq: int, count: int, people: int, meeting: str = MEETING
) -> None:
    """Store `count` check-ins of a device, numbered from `first_seq`, in one transaction.

    `point` is the number of the hall. The hall has `people` people, who are checked in one after
    another, repeatedly if necessary.
    """
    writer = Writer(device, Profile.CLERK, f"P{point:05d}")
    raws = [
        msgspec.json.encode(
            {
                "id": str(uuid_utils.uuid7()),
                "v": 1,
                "kind": "check_in",
                "meeting": meeting,
                "point": f"P{point:05d}",
                "device": device,
                "seq": seq,
                "boot": "b1",
                "at": from_ms(STARTS_MS + seq),
                "mono_ms": seq,
                "by": "clerk",
                "source": "search",
                "person": f"M{point:05d}-{seq % people + 1}",
                "body": {"mode": "in_person"},
            }
        )
        for seq in range(first_seq, first_seq + count)
    ]
    delivery = Delivery(writer, intake.judge_records(raws, writer), NOW_MS)
    write(lambda c: intake.store(c, delivery))


def milliseconds(work: Callable[[], Any]) -> float:
    """Return the median CPU time of `work` in ms, over `SAMPLES` calls."""
    times = []
    for _ in range(SAMPLES):
        began_s = time.process_time()
        work()
        times.append(time.process_time() - began_s)
    return statistics.median(times) * 1000


def hold_meeting(number: int, people: int) -> str:
    """Store another meeting, summon `people` people to it in every hall, and return its id.

    `number` is the meeting's number, which is part of the id.
    """
    meeting = f"{MEETING}-{number}"
    ends = from_ms(STARTS_MS + 9_000_000)
    published = PublishedMeeting(meeting, "Bench", from_ms(STARTS_MS), ends)
    write(lambda c: arrangements.accept_meeting(c, published, STARTS_MS - 86_400_000))
    rolls = {
        f"P{point:05d}": [
            Summoned(f"M{point:05d}-{n}", "U1", "", f"A{n}") for n in range(1, people + 1)
        ]
        for point in range(POINTS)
    }
    write(lambda c: arrangements.summon(c, meeting, rolls, STARTS_MS - 80_000_000))
    return meeting


def measure_ledger(most: int) -> None:
    """Print the CPU times for a record, the board and a hall while the ledger grows.

    The ledger is the table of all records, and the board is the overview of all halls. The times
    for storing a record, reading the board, and reading a hall are measured at every size in
    `SIZES` up to `most` records. The time for a record is the median of the last conferences.
    """
    people, stored, first = 60, 0, 0.0
    print(f"{'records':>10}  {'µs a record':>11}  {'of first':>8}  {'board ms':>8}  {'hall ms':>8}")
    with filled_app(POINTS, people) as devices:
        hall, meeting, held = StreamKey(MEETING, "P00000"), MEETING, 0
        times_us: list[float] = []
        for size in (size for size in SIZES if size <= most):
            while stored < size:
                began_s = time.process_time()
                for point, device in enumerate(devices):
                    send(device, point, held * people + 1, people, people, meeting)
                times_us.append((time.process_time() - began_s) / (POINTS * people) * 1e6)
                stored, held = stored + POINTS * people, held + 1
                meeting = hold_meeting(held, people)
            each_us = statistics.median(times_us[-SAMPLES:])
            first = first or each_us
            board_ms = milliseconds(lambda: read(lambda c: standings.board_of(c, MEETING)))
            hall_ms = milliseconds(partial(read, partial(standings.read, key=hall)))
            print(
                f"{stored:>10,}  {each_us:>11.0f}  {each_us / first:>8.2f}"
                f"  {board_ms:>8.1f}  {hall_ms:>8.2f}"
            )


def measure_halls() -> None:
    """Print the CPU time in ms for computing a hall's attendance, for every hall size in `HALLS`.

    Every measurement follows one more check-in in the hall.
    """
    print(f"\n{'people':>10}  {'judging ms':>11}  {'of first':>8}")
    first = 0.0
    for people in HALLS:
        with filled_app(1, people) as devices:
            send(devices[0], 0, 1, people, people)
            hall, seq = StreamKey(MEETING, "P00000"), people
            times = []
            for _ in range(SAMPLES):
                seq += 1
                send(devices[0], 0, seq, 1, people)
                began_s = time.process_time()
                read(partial(standings.read, key=hall))
                times.append((time.process_time() - began_s) * 1000)
            judging_ms = statistics.median(times)
            first = first or judging_ms
            print(f"{people:>10,}  {judging_ms:>11.2f}  {judging_ms / first:>8.1f}")


def measure_names() -> None:
    """Print the CPU time in ms of every search in `SEARCHES`, for every number of people in
    `NAMES`.
    """
    print(f"\n{'people':>10}  " + "  ".join(f"{text + ' ms':>11}" for text in SEARCHES))
    with filled_app(1, 1):
        stored = 0
        for size in NAMES:
            people = [
                RosterPerson(f"N{n}", made_up_name(n), "U1", "", "", None)
                for n in range(stored, size)
            ]
            write(partial(roster.put_people, people=people))
            stored = size
            times_ms = [milliseconds(partial(read, partial(_search, text=t))) for t in SEARCHES]
            print(f"{size:>10,}  " + "  ".join(f"{time_ms:>11.1f}" for time_ms in times_ms))


def made_up_name(number: int) -> str:
    """Return a made-up full name, such as `Mẫu Văn Ánh Bình`; equal numbers have equal names."""
    syllables = SYLLABLES.split()
    digits = [number // 20**place % 20 for place in range(3)]
    return "Mẫu " + " ".join(syllables[digit] for digit in digits)


def _search(connection: Connection, text: str) -> FoundPeople:
    return roster.search(connection, text, at_ms=NOW_MS, unit=None, with_ended=False, limit=50)


def read(work: Callable[[Any], Any]) -> Any:
    with reading() as connection:
        return work(connection)


if __name__ == "__main__":
    main()
