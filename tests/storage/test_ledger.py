"""Test how uploaded records are stored, refused or quarantined, and how they are read again.

The order in which records arrive does not change the attendance.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from sync_server.domain.judging.clocks import Sighting
from sync_server.domain.records.codes import DAY_MS, MAX_SEQ, to_ms
from sync_server.domain.records.door import Writer
from sync_server.domain.records.permissions import Profile
from sync_server.domain.records.sequence import MAX_JUMP
from sync_server.storage.access import devices
from sync_server.storage.blobs import details
from sync_server.storage.ledger import (
    intake,
    quarantine,
    record_store,
    sightings,
    standings,
    streams,
)
from sync_server.storage.ledger.intake import Delivery, Receipt
from sync_server.storage.ledger.sightings import DeviceReport
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.models import LedgerRow, QuarantineRow
from tests.factories import MEETING, draft, raw, roll, setting
from tests.storage.conftest import Ledger

NOW = to_ms("2024-08-22T01:00:00.000Z")
CLERKS = {
    "D-ONE": Writer("D-ONE", Profile.CLERK, "P001"),
    "D-TWO": Writer("D-TWO", Profile.CLERK, "P002"),
}
OFFICE = Writer("O-office", Profile.HEADQUARTERS, None)
ORIGIN = to_ms("2024-08-22T00:00:00.000Z")
"""Time at which the devices' monotonic clocks, which nobody can set, start from zero: 07:00 in
Vietnam, in ms since 1970 (UTC)."""
SKEW = {"D-ONE": -5000, "D-TWO": 90_000}


@contextmanager
def two_halls(ledger: Ledger) -> Iterator[Connection]:
    """Yield a connection to a database that contains only two devices, one in each of two halls."""
    with ledger() as connection:
        for writer in CLERKS.values():
            devices.put(connection, writer, "test", now_ms=NOW)
        yield connection


def send(connection: Connection, *drafts: dict[str, Any], revoked: bool = False) -> Receipt:
    """Send a batch of records as the device that the first record names; return the receipt.

    A device in `SKEW` also reports its clock, which is slow by the number of ms given there, or
    fast if the number is negative. `revoked` says whether the device has lost its rights.
    """
    device = drafts[0]["device"]
    writer = CLERKS.get(device, OFFICE)
    contact = None
    if device in SKEW:
        wall_ms = NOW - SKEW[device]
        contact = DeviceReport(wall_ms, wall_ms - ORIGIN, "b1", NOW)
    offers = intake.judge_records([raw(fields) for fields in drafts], writer)
    return intake.receive(connection, Delivery(writer, offers, NOW, contact, revoked))


def check_in(number: int, person: str, **changes: Any) -> dict[str, Any]:
    return draft("check_in", number, person=person, **changes)


def at_two(number: int, person: str, **changes: Any) -> dict[str, Any]:
    return check_in(number, person, point="P002", device="D-TWO", **changes)


def test_a_record_is_stored_once_however_often_it_is_sent(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        first = send(c, check_in(1, "M1"))
        second = send(c, check_in(1, "M1"), check_in(1, "M1"))

        assert [v.status for v in first.verdicts] == ["stored"]
        assert [(v.status, v.fate) for v in second.verdicts] == [("known", "stored")] * 2
        assert c.scalar(select(func.count()).select_from(LedgerRow)) == 1


def test_one_bad_record_holds_up_no_other(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        bad = check_in(2, "M1") | {"kind": "dance"}
        receipt = send(c, check_in(1, "M1"), bad, check_in(3, "M2"))

        assert [v.status for v in receipt.verdicts] == ["stored", "refused", "stored"]
        assert receipt.verdicts[1].code == "unknown_kind"
        assert receipt.verdicts[1].id == bad["id"]
        quarantined = c.execute(select(QuarantineRow.code, QuarantineRow.raw)).all()
        assert [(code, bytes(content)) for code, content in quarantined] == [
            ("unknown_kind", raw(bad))
        ]


def test_a_refused_record_sent_again_is_known_and_kept_once(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        bad = check_in(2, "M1") | {"kind": "dance"}
        send(c, bad)
        again = send(c, bad)

        assert [(v.status, v.fate) for v in again.verdicts] == [("known", "refused")]
        assert c.scalar(select(func.count()).select_from(QuarantineRow)) == 1


def test_an_id_used_twice_cancels_both_and_costs_no_other_record(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, setting())
        send(c, roll(1, "M1", "M2", "M3"))
        receipt = send(c, check_in(5, "M1"), check_in(5, "M2"), check_in(6, "M3"))

        assert [v.code for v in receipt.verdicts] == ["id_reuse", "id_reuse", None]
        assert [v.fate for v in receipt.verdicts] == ["held", "held", "stored"]
        standing = standings.read(c, StreamKey(MEETING, "P001"))
        assert standing
        assert standing.counts.present == 1


def test_nobody_undoes_by_an_id_what_they_may_not_undo_by_a_void(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, roll(1, "M1"))
        send(c, check_in(5, "M1"))
        elsewhere = send(c, at_two(7, "M2") | {"id": check_in(5, "M1")["id"]})
        against_roll = send(c, check_in(8, "M1") | {"id": roll(1)["id"]})

        assert elsewhere.verdicts[0].fate == "stored"
        assert against_roll.verdicts[0].code == "id_reuse"
        standing = standings.read(c, StreamKey(MEETING, "P001"))
        assert standing
        assert (standing.counts.summoned, standing.counts.present) == (1, 1)


def test_an_id_used_again_in_another_meeting_concerns_nobody(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, roll(1, "M1"))
        other = send(c, check_in(8, "M1") | {"id": roll(1)["id"], "meeting": "other"})
        send(c, roll(2, "M1", "M2"))

        assert other.verdicts[0].fate == "stored"
        standing = standings.read(c, StreamKey(MEETING, "P001"))
        assert standing
        assert standing.counts.summoned == 2


def test_a_revoked_device_s_clock_report_changes_nothing(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, setting())
        send(c, roll(1, "M1"))
        send(c, check_in(20, "M1"))
        offers = intake.judge_records([raw(check_in(21, "M2"))], CLERKS["D-ONE"])
        wrong = DeviceReport(NOW - 36_000_000, 0, "b1", NOW)
        intake.receive(c, Delivery(CLERKS["D-ONE"], offers, NOW, wrong, True))

        standing = standings.read(c, StreamKey(MEETING, "P001"))
        assert standing
        assert standing.counts.late == 0


def test_gaps_are_asked_for_and_healed(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        assert send(c, check_in(1, "M1"), check_in(4, "M2")).want == ((2, 3),)
        assert standings.board_of(c, MEETING).points[0].missing_seq == 2
        assert send(c, check_in(2, "M3")).want == ((3, 3),)
        assert send(c, check_in(3, "M4") | {"kind": "dance"}).want == ()


def test_a_revoked_device_s_records_are_held_and_count_for_nothing(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, roll(1, "M1", "M2"))
        send(c, check_in(5, "M1"))
        receipt = send(c, check_in(5, "M1"), check_in(6, "M2"), revoked=True)

        assert [(v.status, v.fate, v.code) for v in receipt.verdicts] == [
            ("known", "stored", None),
            ("held", "held", "device_revoked"),
        ]
        again = send(c, check_in(6, "M2"), revoked=True)
        assert [(v.status, v.fate) for v in again.verdicts] == [("known", "held")]
        standing = standings.read(c, StreamKey(MEETING, "P001"))
        assert standing
        assert standing.counts.present == 1


def test_a_visitor_stands_in_both_streams_and_counts_at_home(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, roll(1, "M1"))
        visit = at_two(9, "M1")
        send(c, visit)

        at_home = standings.read(c, StreamKey(MEETING, "P001"))
        visited = standings.read(c, StreamKey(MEETING, "P002"))
        assert at_home
        assert visited
        assert at_home.flags[visit["id"]] == ("other_point",)
        assert visited.flags[visit["id"]] == ("not_summoned",)
        board = {row.point: row for row in standings.board_of(c, MEETING).points}
        assert (board["P001"].counts.present, board["P002"].counts.present) == (1, 0)


def test_a_new_roll_lists_what_its_people_did_before(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, at_two(9, "M1"))
        send(c, roll(1, "M1"))

        standing = standings.read(c, StreamKey(MEETING, "P001"))
        assert standing
        assert standing.counts.present == 1


def test_a_person_moved_by_a_later_roll_leaves_the_first_point(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, roll(1, "M1", "M2"))
        send(c, roll(3, "M2", point="P002"))
        send(c, at_two(9, "M2"))

        board = {row.point: row.counts for row in standings.board_of(c, MEETING).points}
        assert (board["P001"].summoned, board["P002"].summoned) == (1, 1)
        assert (board["P001"].present, board["P002"].present) == (0, 1)


def test_a_person_dropped_by_the_later_point_belongs_to_the_first_again(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, roll(1, "M1", "M2"))
        send(c, roll(3, "M2", point="P002"))
        send(c, roll(4, "M9", point="P002"))

        board = {row.point: row.counts for row in standings.board_of(c, MEETING).points}
        assert (board["P001"].summoned, board["P002"].summoned) == (2, 1)


def test_a_reader_meets_every_record_once_whatever_the_page(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, roll(1, "M1"))
        for number in range(2, 20):
            send(c, check_in(number, "M1"))
            send(c, at_two(number + 100, "M1"))
        seen: list[bytes] = []
        cursor, more = "0", True
        while more:
            page = streams.read(c, StreamKey(MEETING, "P001"), cursor, 5)
            seen += [form for form, *_ in page.records]
            cursor, more = page.cursor, page.has_more

        assert len(seen) == len(set(seen)) == 37
        assert streams.read(c, StreamKey(MEETING, "P001"), cursor, 5).records == []


@pytest.mark.parametrize("cursor", ["0", "", "e0:5", "nonsense", "::", "e1:²"])
def test_a_foreign_or_illegible_cursor_starts_afresh(ledger: Ledger, cursor: str) -> None:
    with two_halls(ledger) as c:
        send(c, check_in(1, "M1"))

        assert len(streams.read(c, StreamKey(MEETING, "P001"), cursor, 5).records) == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_ruling_follows_its_record_even_if_it_names_nobody(
    ledger: Ledger, order: tuple[int, ...]
) -> None:
    """Test that headquarters can dismiss a check-in at P002 without naming the person.

    The check-in then no longer counts at P001, where the person was summoned.
    """
    drafts = [
        at_two(5, "M1"),
        draft("ruling", 60, point="P002", person=None, refs=[5]),
        roll(1, "M1"),
    ]
    with two_halls(ledger) as c:
        for n in order:
            send(c, drafts[n])

        standing = standings.read(c, StreamKey(MEETING, "P001"))
        assert standing
        assert standing.counts.present == 0


def test_no_text_that_a_record_holds_breaks_the_quarantine(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        bad = check_in(2, "M1", body={"mode": "in_person", "a\x00b": 1})
        receipt = send(c, bad, check_in(3, "M2"))

        assert [v.status for v in receipt.verdicts] == ["refused", "stored"]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_point_learns_where_its_officers_are(ledger: Ledger, order: tuple[int, ...]) -> None:
    officers = [["S1", "secretary"], ["S2", "deputy"]]
    drafts = [
        draft("setting", 900, body={"officers": officers}),
        roll(3, "S1", point="P002"),
        at_two(20, "S1"),
    ]
    with two_halls(ledger) as c:
        send(c, roll(1, "M1"))
        for n in order:
            send(c, drafts[n])

        standing = standings.read(c, StreamKey(MEETING, "P001"))
        assert standing
        assert standing.chair.secretary == "S1"
        assert standing.chair.named is None


@pytest.mark.parametrize("is_seen_first", [True, False])
def test_a_released_record_is_judged_by_its_own_device_s_clock(
    ledger: Ledger, is_seen_first: bool
) -> None:
    with two_halls(ledger) as c:
        send(c, setting(), roll(1, "M1", at="2024-08-20T01:00:00.000Z"))
        held = check_in(25, "M1", device="D-LOST")  # the clock of D-LOST is 30 minutes slow
        ruling = draft(
            "ruling",
            60,
            person="M1",
            refs=[25],
            body={"ruling": "release", "record": held},
        )
        seen = [Sighting("D-LOST", "b1", 500, 30 * 60_000, 0)]
        if is_seen_first:
            sightings.add(c, seen)
        send(c, ruling)
        if not is_seen_first:
            sighted = sightings.add(c, seen)
            record_store.append_records(c, [], now_ms=NOW, sighted_devices=sighted.changed)

        standing = standings.read(c, StreamKey(MEETING, "P001"))
        assert standing
        assert standing.people[0].late_minutes == 25
        page = streams.read(c, StreamKey(MEETING, "P001"), "0", 10)
        assert [at_ms for *_, at_ms in page.records if at_ms] == [to_ms("2024-08-22T00:55:00Z")]


def test_a_device_fills_neither_disk_nor_office_with_what_is_not_accepted(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "MAX_ROWS_A_DAY", 3)
    with two_halls(ledger) as c:
        bad = [check_in(n, "M1") | {"kind": "dance"} for n in range(1, 5)]
        send(c, *bad[:3])
        send(c, *bad[:3])  # repeats do not count towards the quota

        receipt = send(c, bad[3], check_in(5, "M2"))  # a record over the quota stops no other
        refused, stored = receipt.verdicts
        assert (refused.status, refused.code) == ("refused", "quarantine_full")
        assert stored.status == "stored"
        assert quarantine.devices_near_quota(c, NOW) == {"D-ONE": 3}
        assert quarantine.devices_near_quota(c, NOW + 2 * DAY_MS) == {}
        send(c, at_two(1, "M2"))  # another device can still send


def test_a_number_that_jumps_ahead_is_refused_and_asked_for_by_nobody(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, check_in(5, "M1"))
        receipt = send(c, check_in(6, "M2") | {"seq": MAX_SEQ})
        assert receipt.verdicts[0].code == "seq_jump"
        assert receipt.want == ((1, 4),)
        receipt = send(c, check_in(7, "M2") | {"seq": 5 + MAX_JUMP})  # as after a restored backup
        assert receipt.verdicts[0].status == "stored"


def test_a_refused_record_closes_its_gap_and_is_counted_at_its_point(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, check_in(2, "M1"))
        receipt = send(c, check_in(1, "M1") | {"kind": "dance"})
        assert receipt.want == ()
        [row] = [row for row in standings.board_of(c, MEETING).points if row.point == "P001"]
        assert (row.missing_seq, row.refused_records) == (0, 1)


def test_headquarters_asks_for_lost_numbers_no_more(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        assert send(c, check_in(4, "M1")).want == ((1, 3),)
        assert devices.give_up_gaps(c, "D-ONE") == ((1, 3),)
        assert send(c, check_in(6, "M2")).want == ((5, 5),)


def test_what_was_dismissed_is_counted_no_more_and_purged_in_time(ledger: Ledger) -> None:
    with two_halls(ledger) as c:
        send(c, check_in(1, "M1") | {"kind": "dance"}, check_in(2, "M1") | {"kind": "dance"})
        [first, _] = quarantine.all_entries(c)
        quarantine.dismiss(c, first.device, first.sha256)
        assert quarantine.count_open(c) == 1
        assert quarantine.count_refused(c) == {"P001": 1}
        assert quarantine.purge(c, before_ms=NOW) == 0
        assert quarantine.purge(c, before_ms=NOW + 1) == 1
        assert len(quarantine.all_entries(c)) == 1


def test_small_details_come_within_the_daily_quota_too(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "MAX_BYTES_A_DAY", 10)
    with two_halls(ledger) as c:
        boxes = {hashlib.sha256(text.encode()).hexdigest(): text for text in ("x" * 20, "y" * 20)}
        for sha256, text in boxes.items():
            details.put_small(c, "D-ONE", {sha256: text}, now_ms=NOW)
        stored = [details.offset_of(c, sha256, "D-ONE").is_complete for sha256 in boxes]
        assert stored == [True, False]


def test_who_left_before_the_freeze_is_not_removed_in_whatever_order_rolls_come(
    ledger: Ledger,
) -> None:
    frozen = {"roll_frozen_at": "2024-08-20T00:00:00.000Z"}
    drafts = [
        draft("setting", 1, at="2024-08-10T00:00:00.000Z", body=frozen),
        roll(2, "M1", "M2", at="2024-08-18T00:00:00.000Z"),
        roll(3, "M1", point="P002", at="2024-08-19T00:00:00.000Z"),
        roll(4, "M2", at="2024-08-21T00:00:00.000Z"),
    ]
    for order in permutations(drafts):
        with two_halls(ledger) as c:
            for fields in order:
                send(c, fields)
            standing = standings.read(c, StreamKey(MEETING, "P001"))
            assert standing
            assert (standing.roll_changes.added, standing.roll_changes.removed) == ((), ())
            assert not record_store.rebuild(c, MEETING)
