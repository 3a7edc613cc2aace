"""Test bench/history.py, which compares what clients were told with the records that remain.

It must find every mistake of the server, such as a lost or doubled record, and report nothing if
the server made none.
"""

from msgspec.structs import replace

from bench import history
from bench.history import Answer, Fault, History, Page, Row

ROWS = [
    Row("a", "P1", 1),
    Row("b", "P1", 2),
    Row("c", "P1", 3),
    Row("d", "P2", 1),
]
OUTAGE = Fault("no quorum", 2.5, 9.0, has_quorum=False)


def good_run() -> History:
    """Return what clients saw in a test run in which the server made no mistake.

    The record `b` was sent twice, because the first answer about it was lost.
    """
    return History(
        answers=[
            Answer("a", 0.0, 1.0, "stored", "stored"),
            Answer("d", 0.5, 1.5, "stored", "stored"),
            Answer("b", 2.0, 10.0, "known", "stored"),
            Answer("c", 11.0, 11.5, "stored", "stored"),
            Answer("c", 12.0, 12.5, "known", "stored"),
        ],
        pages=[
            Page("R1", "P1", 1.0, 0, ("a",), 1),
            Page("R1", "P1", 3.0, 1, (), 1),
            Page("R1", "P1", 12.0, 1, ("b", "c"), 3),
            Page("R2", "P2", 12.0, 0, ("d",), 1),
        ],
        faults=[OUTAGE],
    )


def kinds_of_fault(run: History, rows: list[Row]) -> set[str]:
    return {kind for kind, lines in history.faults_in(run, rows).items() if lines}


def test_a_good_run_has_no_fault() -> None:
    run = good_run()

    assert kinds_of_fault(run, ROWS) == set()
    assert history.acknowledged(run.answers) == {"a", "b", "c", "d"}
    assert history.replayed(run.answers) == 2


def test_an_acknowledged_record_that_is_missing_is_found() -> None:
    run = good_run()
    run.answers.append(Answer("e", 12.0, 13.0, "stored", "stored"))

    assert history.lost(run.answers, ROWS) == ["e"]
    assert kinds_of_fault(run, ROWS) == {"lost"}


def test_a_record_that_was_refused_may_be_missing() -> None:
    run = good_run()
    run.answers.append(Answer("e", 12.0, 13.0, "refused", "refused"))

    assert kinds_of_fault(run, ROWS) == set()


def test_a_record_acknowledged_without_quorum_and_lost_is_found() -> None:
    run = good_run()
    run.answers.append(Answer("e", 2.0, 5.0, "stored", "stored"))

    assert history.answered_without_quorum(run) == {"e"}
    assert kinds_of_fault(run, ROWS) == {"lost", "acknowledged without quorum and lost"}


def test_a_record_that_is_there_twice_is_found() -> None:
    rows = [*ROWS, Row("d", "P2", 2)]

    assert history.doubled(rows) == ["d"]


def test_a_record_may_stand_in_two_streams() -> None:
    assert history.doubled([*ROWS, Row("d", "P1", 4)]) == []


def test_a_position_handed_out_twice_is_found() -> None:
    rows = [replace(row, position=2) if row.record == "c" else row for row in ROWS]

    assert history.faulty_positions(rows) == ["P1: positions handed out twice [2], missing []"]


def test_a_gap_between_positions_is_found() -> None:
    rows = [row for row in ROWS if row.record != "b"]

    assert history.faulty_positions(rows) == ["P1: positions handed out twice [], missing [2]"]


def test_a_read_record_that_vanished_is_found() -> None:
    rows = [replace(row, record="x") if row.record == "c" else row for row in ROWS]

    assert history.misread(good_run().pages, rows) == ["R1: c vanished from position 3"]


def test_a_reader_that_begins_again_must_read_everything_again() -> None:
    run = good_run()
    run.pages.insert(2, Page("R1", "P1", 4.0, 1, ("x",), 2, "e1-1"))
    run.pages[:2] = [replace(page, source="e1-1") for page in run.pages[:2]]
    run.pages[3:] = [Page("R1", "P1", 13.0, 0, ("a", "b", "c"), 3, "e1-2")]

    assert history.misread(run.pages, ROWS) == []
    assert history.taken_back(run.pages, ROWS) == ["R1: x at position 2"]

    run.pages[3] = Page("R1", "P1", 13.0, 1, ("b", "c"), 3, "e1-2")
    assert history.misread(run.pages, ROWS) == ["R1: from 1 to 3 with 2 records after 0"]


def test_a_record_that_a_reader_missed_is_found() -> None:
    run = good_run()
    run.pages[2] = Page("R1", "P1", 12.0, 1, ("c",), 3)

    assert "R1: from 1 to 3 with 1 records after 1" in history.misread(run.pages, ROWS)


def test_a_record_that_a_reader_read_twice_is_found() -> None:
    run = good_run()
    run.pages.insert(2, Page("R1", "P1", 4.0, 0, ("a",), 1))

    assert "R1: a read twice" in history.misread(run.pages, ROWS)


def test_a_reader_that_never_got_the_last_record_is_found() -> None:
    run = good_run()
    run.pages.pop()
    run.pages.append(Page("R2", "P2", 12.0, 0, (), 0))

    assert history.unread(run.pages, ROWS) == ["R2: reached 0 of 1"]
    assert kinds_of_fault(run, ROWS) == {"unread"}


def test_a_verdict_that_changed_is_found() -> None:
    run = good_run()
    run.answers.append(Answer("a", 12.0, 13.0, "known", "refused"))

    assert history.changed_verdicts(run.answers) == ["a"]


def test_a_record_that_is_stored_a_second_time_had_vanished() -> None:
    run = good_run()
    run.answers.append(Answer("a", 12.0, 13.0, "stored", "stored"))

    assert history.changed_verdicts(run.answers) == ["a"]
    assert history.lost(run.answers, ROWS) == ["a"]


def test_two_sendings_at_the_same_time_are_not_held_against_each_other() -> None:
    run = good_run()
    run.answers.append(Answer("c", 10.9, 11.6, "known", "stored"))

    assert history.changed_verdicts(run.answers) == []


def test_pauses_are_measured_for_every_fault() -> None:
    run = good_run()
    run.faults.append(Fault("later", 12.2, 12.3))

    outage, later = history.pauses(run)

    assert (outage.longest_s, outage.after_s) == (8.5, 2.5)
    assert (round(later.longest_s, 3), later.after_s) == (1.0, None)
