"""Check the answers that clients received against the records that the ledger finally contains.

The ledger is the server's table of records. The functions are pure: they take the history of a run
and the final rows of the ledger, and return the faults. `bench.cluster_chaos` collects the history
while it breaks a cluster.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec import Struct

GOOD = "stored"
"""The value of `Answer.fate` for a record that the server has accepted and stored."""


class Answer(Struct, frozen=True):
    """The server's answer about one record in one request. Times are in seconds.

    `status` is "stored" if the server stored the record because of this request, and "known" if the
    record had been stored before. `fate` is the present state of the record, such as "stored" or
    "refused".
    """

    record: str
    sent_s: float
    answered_s: float
    status: str
    fate: str


class Page(Struct, frozen=True):
    """One page of records that a reader received: those after the position `after` in a stream.

    A stream is the sequence of all records of one hall, at positions from 1 without gaps; `stream`
    is the hall's code. `records` are the ids in order; the first record is at the position that
    follows `after`. `head` is the position after which the reader continues, according to the
    answer. `source` identifies the server's copy of the records; if another copy answers, the
    reader begins again at position 1.
    """

    reader: str
    stream: str
    read_s: float
    after: int
    records: tuple[str, ...]
    head: int
    source: str = ""


class Row(Struct, frozen=True):
    """The final position of a record in a stream.

    A stream is the sequence of all records of one hall.
    """

    record: str
    stream: str
    position: int


class Fault(Struct, frozen=True):
    """A fault that was caused on purpose and lasted from `began_s` until `ended_s`.

    `has_quorum` is False if the fault leaves the cluster without a majority of its nodes, so that
    the cluster cannot acknowledge records.
    """

    name: str
    began_s: float
    ended_s: float
    has_quorum: bool = True


class Pause(Struct, frozen=True):
    """The time for which the server acknowledged no record because of a fault.

    `longest_s` is the longest time between two successive acknowledgements, from the start of the
    fault until the next fault. `after_s` is the time from the end of the fault until the first
    acknowledgement of a record that was sent later, or None if there is no such acknowledgement.
    """

    fault: Fault
    longest_s: float
    after_s: float | None


class History(Struct):
    """The answers and pages of records that clients received in one run, and the run's faults."""

    answers: list[Answer]
    pages: list[Page]
    faults: list[Fault]


def acknowledged(answers: Iterable[Answer]) -> set[str]:
    """Return the ids of all records that the server has confirmed as stored.

    A client may delete its copy of such a record.
    """
    return {answer.record for answer in answers if answer.fate == GOOD}


def lost(answers: Iterable[Answer], rows: Iterable[Row]) -> list[str]:
    """Return the ids of acknowledged records that are missing, or were missing for a time.

    If a record that the server still has is sent again, the answer is `known`. The answer `stored`
    to an acknowledged record therefore means that the server had lost the record.
    """
    all_answers = list(answers)
    first_s: dict[str, float] = {}
    for answer in all_answers:
        if answer.fate == GOOD:
            before_s = first_s.get(answer.record, answer.answered_s)
            first_s[answer.record] = min(before_s, answer.answered_s)
    again = {
        answer.record
        for answer in all_answers
        if answer.status == "stored" and first_s.get(answer.record, answer.sent_s) < answer.sent_s
    }
    return sorted((first_s.keys() - {row.record for row in rows}) | again)


def doubled(rows: Iterable[Row]) -> list[str]:
    """Return the ids of the records that occur more than once in one stream (a hall's records)."""
    counts = Counter((row.record, row.stream) for row in rows)
    return sorted(record for (record, _), count in counts.items() if count > 1)


def faulty_positions(rows: Iterable[Row]) -> list[str]:
    """Return a message for every stream (a hall's records) with wrong positions.

    The positions must be 1, 2, 3 and so on, without gaps or repeats.
    """
    positions = defaultdict(list)
    for row in rows:
        positions[row.stream].append(row.position)
    faults = []
    for stream, places in sorted(positions.items()):
        twice = sorted(place for place, count in Counter(places).items() if count > 1)
        missing = sorted(set(range(1, max(places) + 1)) - set(places))
        if twice or missing or min(places) < 1:
            faults.append(f"{stream}: positions handed out twice {twice}, missing {missing}")
    return faults


def changed_verdicts(answers: Iterable[Answer]) -> list[str]:
    """Return the ids of records for which a later answer contradicts an earlier one.

    Once an answer says that a record is stored, every later answer must have the fate `stored` and
    the status `known`: a second status `stored` means that the record had vanished. An answer is
    later only if its request was sent after the earlier answer had arrived.
    """
    by_record = defaultdict(list)
    for answer in answers:
        by_record[answer.record].append(answer)
    return sorted(
        record
        for record, record_answers in by_record.items()
        if any(
            earlier.fate == GOOD
            and earlier.answered_s <= later.sent_s
            and (later.fate != GOOD or later.status != "known")
            for earlier in record_answers
            for later in record_answers
        )
    )


def misread(pages: Sequence[Page], rows: Iterable[Row]) -> list[str]:
    """Return a message for every record that a reader missed or read twice, or that later vanished.

    Up to the position that a reader has reached, the reader must have received exactly the records
    that the ledger (the table of records) finally contains, in the same order. If `Page.source`
    changes, the reader begins again with another copy of the records; only the pages of the last
    copy are compared with the ledger.
    """
    final = {(row.stream, row.position): row.record for row in rows}
    faults = []
    for reader, reader_pages in sorted(_by_reader(pages).items()):
        reached, source = 0, reader_pages[0].source
        seen: set[str] = set()
        for page in reader_pages:
            if page.source != source:
                reached, seen, source = 0, set(), page.source
            if page.after != reached or page.head != page.after + len(page.records):
                faults.append(
                    f"{reader}: from {page.after} to {page.head} with {len(page.records)} records"
                    f" after {reached}"
                )
            for place, record in enumerate(page.records, page.after + 1):
                if record in seen:
                    faults.append(f"{reader}: {record} read twice")
                is_last = page.source == reader_pages[-1].source
                if is_last and final.get((page.stream, place)) != record:
                    faults.append(f"{reader}: {record} vanished from position {place}")
                seen.add(record)
            reached = page.head
    return faults


def taken_back(pages: Sequence[Page], rows: Iterable[Row]) -> list[str]:
    """Return a message for every record that a reader had to forget, because it had to begin again.

    A reader begins again after another node has become the leader. The forgotten records were
    stored by the earlier leader but not yet by a standby. They were therefore never acknowledged,
    and the new leader does not have them at the same position.
    """
    final = {(row.stream, row.position): row.record for row in rows}
    return [
        f"{reader}: {record} at position {place}"
        for reader, reader_pages in sorted(_by_reader(pages).items())
        for page in reader_pages
        if page.source != reader_pages[-1].source
        for place, record in enumerate(page.records, page.after + 1)
        if final.get((page.stream, place)) != record
    ]


def _by_reader(pages: Iterable[Page]) -> dict[str, list[Page]]:
    by_reader = defaultdict(list)
    for page in pages:
        by_reader[page.reader].append(page)
    return by_reader


def unread(pages: Iterable[Page], rows: Iterable[Row]) -> list[str]:
    """Return a message for every reader that did not receive the last records of its hall."""
    heads: dict[str, int] = {}
    for row in rows:
        heads[row.stream] = max(row.position, heads.get(row.stream, 0))
    reached = {page.reader: page for page in pages}
    return [
        f"{reader}: reached {page.head} of {heads.get(page.stream, 0)}"
        for reader, page in sorted(reached.items())
        if page.head != heads.get(page.stream, 0)
    ]


def replayed(answers: Iterable[Answer]) -> int:
    """Return the number of times that a record was sent although it was already stored."""
    return sum(answer.status == "known" for answer in answers)


def answered_without_quorum(history: History) -> set[str]:
    """Return the ids of records that were acknowledged while most nodes of a cluster were down."""
    spans = [(f.began_s, f.ended_s) for f in history.faults if not f.has_quorum]
    return acknowledged(
        answer
        for answer in history.answers
        if any(began <= answer.answered_s <= ended for began, ended in spans)
    )


def pauses(history: History) -> list[Pause]:
    """Return, for every fault in order of time, how long the server acknowledged no record."""
    good = [answer for answer in history.answers if answer.fate == GOOD]
    times = sorted(answer.answered_s for answer in good)
    results = []
    faults = sorted(history.faults, key=lambda fault: fault.began_s)
    ends = [fault.began_s for fault in faults[1:]] + [float("inf")]
    for fault, until in zip(faults, ends, strict=True):
        before = [time for time in times if time <= fault.began_s][-1:]
        during = [time for time in times if fault.began_s < time <= until]
        gaps = [after - earlier for earlier, after in pairwise(before + during)]
        later = [a.answered_s for a in good if a.sent_s >= fault.ended_s]
        after_s = min(later) - fault.ended_s if later else None
        results.append(Pause(fault, max(gaps, default=float("inf")), after_s))
    return results


def faults_in(history: History, rows: Sequence[Row]) -> dict[str, list[str]]:
    """Run all checks on the history of a run, and return {kind of error: messages or record ids}.

    All lists are empty if nothing was wrong. `rows` are the final records of the ledger (the table
    of records).
    """
    absent = answered_without_quorum(history) & set(lost(history.answers, rows))
    return {
        "lost": lost(history.answers, rows),
        "doubled": doubled(rows),
        "positions": faulty_positions(rows),
        "changed verdicts": changed_verdicts(history.answers),
        "misread": misread(history.pages, rows),
        "unread": unread(history.pages, rows),
        "acknowledged without quorum and lost": sorted(absent),
    }
