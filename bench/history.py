"""Check what clients saw of the server against what the ledger contains in the end.

The functions are pure: they take the history of a run and the final rows, and return what is wrong.
`bench.cluster_chaos` collects the history while it breaks a cluster.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec import Struct

GOOD = "stored"
"""The fate of a record that the ledger contains and that counts."""


class Answer(Struct, frozen=True):
    """What the server answered to one sending of one record. Times are in seconds.

    `status` is "stored" if this sending stored the record, and "known" if it was there already;
    `fate` says how the record stands.
    """

    record: str
    sent_s: float
    answered_s: float
    status: str
    fate: str


class Page(Struct, frozen=True):
    """One page that a reader received: the records of `stream` that follow position `after`.

    `records` are their ids in order, and `head` is the position in the cursor of the answer.
    Positions have no gaps, so that record `n` of the page has the position `after + n`.
    """

    reader: str
    stream: str
    read_s: float
    after: int
    records: tuple[str, ...]
    head: int


class Row(Struct, frozen=True):
    """A place in a stream, as the ledger has it in the end."""

    record: str
    stream: str
    position: int


class Fault(Struct, frozen=True):
    """Something that was broken on purpose, from `began_s` until `ended_s`.

    `has_quorum` is False if nothing can be acknowledged meanwhile.
    """

    name: str
    began_s: float
    ended_s: float
    has_quorum: bool = True


class Pause(Struct, frozen=True):
    """How long nobody was acknowledged because of a fault.

    `longest_s` is the longest time between two acknowledgements from the start of the fault until
    the next fault, and `after_s` the time from the end of the fault until the first
    acknowledgement of something sent after it. It is None if there was none.
    """

    fault: Fault
    longest_s: float
    after_s: float | None


class History(Struct):
    """What all clients of one run saw."""

    answers: list[Answer]
    pages: list[Page]
    faults: list[Fault]


def acknowledged(answers: Iterable[Answer]) -> set[str]:
    """Return the records that a client may delete, because the server has said that it has them."""
    return {answer.record for answer in answers if answer.fate == GOOD}


def lost(answers: Iterable[Answer], rows: Iterable[Row]) -> list[str]:
    """Return the acknowledged records that vanished, even if sending them again brought them back.

    A record that was acknowledged and later sent again is answered `known`, unless it was lost.
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
    """Return the records that stand in one stream more than once."""
    counts = Counter((row.record, row.stream) for row in rows)
    return sorted(record for (record, _), count in counts.items() if count > 1)


def faulty_positions(rows: Iterable[Row]) -> list[str]:
    """Return a line for every stream whose positions are not 1, 2, 3 and so on, each once."""
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
    """Return the records about which the server took back what it had answered.

    A record that was stored stays stored; and one that was there when it was sent is `known`, so
    that a second `stored` means that it had vanished. Only a sending that began after an answer had
    arrived is held against that answer.
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
    """Return a line for every record that a reader missed, read twice or saw vanish.

    Every reader must have received its stream from the first position on, as the ledger has it in
    the end, up to the position that it has reached.
    """
    final = {(row.stream, row.position): row.record for row in rows}
    by_reader = defaultdict(list)
    for page in pages:
        by_reader[page.reader].append(page)
    faults = []
    for reader, reader_pages in sorted(by_reader.items()):
        reached, seen = 0, set()
        for page in reader_pages:
            if page.after != reached or page.head != page.after + len(page.records):
                faults.append(
                    f"{reader}: from {page.after} to {page.head} with {len(page.records)} records"
                    f" after {reached}"
                )
            for place, record in enumerate(page.records, page.after + 1):
                if record in seen:
                    faults.append(f"{reader}: {record} read twice")
                if final.get((page.stream, place)) != record:
                    faults.append(f"{reader}: {record} vanished from position {place}")
                seen.add(record)
            reached = page.head
    return faults


def unread(pages: Iterable[Page], rows: Iterable[Row]) -> list[str]:
    """Return a line for every reader that, though it read until the end, lacks the last records."""
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
    """Return how many sendings were of a record that was there already."""
    return sum(answer.status == "known" for answer in answers)


def answered_without_quorum(history: History) -> set[str]:
    """Return the records that were acknowledged while quorum was gone."""
    spans = [(f.began_s, f.ended_s) for f in history.faults if not f.has_quorum]
    return acknowledged(
        answer
        for answer in history.answers
        if any(began <= answer.answered_s <= ended for began, ended in spans)
    )


def pauses(history: History) -> list[Pause]:
    """Return how long every fault kept everybody from being acknowledged, in order."""
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
    """Return everything that is wrong, by kind. All lists are empty after a good run."""
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
