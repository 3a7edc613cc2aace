"""Create demonstration data: made-up records that one hall sends on the day of a conference.

Random choices, such as who comes late, use a fixed seed, so that every run gives the same
day. The constants below name halls where something special happens.
"""

import hashlib
import random
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, get_args

import msgspec

from sync_server.domain.records.codes import MINUTE_MS, from_ms, to_ms
from sync_server.domain.records.door import Writer
from sync_server.domain.records.forms import canonical_bytes
from sync_server.domain.records.kinds import (
    FEEDBACK_TOPICS,
    READINESS_ITEMS,
    AbsenceDecision,
    AbsenceDecisionBody,
    AbsenceRequest,
    AbsenceRequestBody,
    ChairAssumed,
    ChairDelegation,
    ChairDelegationBody,
    CheckIn,
    CheckInBody,
    CheckOut,
    CheckOutBody,
    Closing,
    ClosingBody,
    Conduct,
    ConductBody,
    Empty,
    Feedback,
    FeedbackBody,
    FeedbackTopic,
    Guest,
    GuestBody,
    Incident,
    IncidentBody,
    Rating,
    Readiness,
    ReadinessBody,
    Record,
    Summoned,
)
from sync_server.domain.records.permissions import Profile
from sync_server.sealing import seal
from sync_server.storage.directory import PublishedMeeting
from sync_server.storage.ledger import intake
from sync_server.storage.ledger.intake import Delivery
from sync_server.storage.ledger.sightings import DeviceReport

SEED = 632
DAY_MS = 86_400_000
UP_DAYS = 3
"""How many days before the conference the devices are switched on. The first requests for leave
come one day before the conference, so no record has a negative time on a device's monotonic
clock."""
STILL_OPEN = frozenset({"P012", "P031"})
"""Codes of halls where nobody signs off the attendance at the end. In the hall P012, one record of
the laptop is lost, which leaves a gap in the record numbers."""
FAST_CLOCK = "P020"
"""The code of the hall where the clock of the laptop is 14 minutes fast. The server has to correct
the times of the laptop's records."""
SECRETARY_AWAY = "P005"
"""The code of the hall where the Secretary requests leave and a Deputy takes the chair."""
NO_CHAIR = "P015"
"""The code of the hall where nobody takes the chair, although every hall needs a chair."""
NO_CAMERA = "P025"
LINE_CUT = "P033"
VISITED = "P010"
"""The code of the hall where a person who is summoned to a different hall checks in."""

SHARE_WITH_FEEDBACK = 0.3
PRACTICES = (
    None,
    "Gửi tài liệu tới từng chi bộ trước hội nghị một tuần.",
    "Bố trí người hướng dẫn quét mã QR ngay tại cửa hội trường.",
    "Mỗi tổ cử một người tóm tắt nội dung chính cuối buổi.",
)
_REASONS = ("CONG_TAC", "CONG_TAC", "DOT_XUAT", "OM", "NGHI_PHEP", "THAI_SAN")


class _Event(NamedTuple):
    """One record to be made. `at_ms` is its true time in ms since 1970 UTC.

    `device` is the code of the device that writes the record, `kind` the class of the record, and
    `fields` the values that only this record has, such as the person and the body.
    """

    at_ms: int
    device: str
    kind: type[Any]
    fields: Mapping[str, Any]


class Hall:
    """A hall in the demonstration data, which makes the made-up records of its two devices.

    The devices are the clerk's laptop (`clerk`) and the Secretary's telephone (`chair`).
    `secretary_request` is the id of the Secretary's request for leave, or None if there is
    none; the method `deliveries` sets it.
    """

    def __init__(
        self,
        meeting: PublishedMeeting,
        point: str,
        roll: Sequence[Summoned],
        visitor: str | None,
        seal_to: dict[str, str],
    ) -> None:
        self._dice = random.Random(f"{SEED} {point}")  # noqa: S311 - must be repeatable
        self._meeting, self._point, self._roll, self._seal_to = meeting, point, roll, seal_to
        self._starts_ms, self._ends_ms = to_ms(meeting.starts_at), to_ms(meeting.ends_at)
        self._visitor = visitor if point == VISITED else None
        officers = [line.person for line in roll if line.position]
        self._secretary, self._deputy = officers[0], officers[1]
        self.clerk = Writer(f"D-MAU{point}", Profile.CLERK, point)
        self.chair = Writer(f"D-MAU{point}-BT", Profile.CHAIR, point, self._secretary)
        self._events: list[_Event] = []
        self._sealed: dict[str, str] = {}
        self.secretary_request: str | None = None

    def deliveries(self) -> list[Delivery]:
        """Create all records of the hall, and return one upload for every device that has records.

        A device sends its upload 5 to 90 seconds after its last record. Call this method only once,
        because a second call would add all records again.
        """
        self._request_leaves()
        self._report_readiness()
        self._schedule_attendance()
        if self._point not in STILL_OPEN:
            self._schedule_closing()
        records_by_device: dict[str, list[tuple[int, Record]]] = {
            self.clerk.device: [],
            self.chair.device: [],
        }
        for event in sorted(self._events, key=lambda scheduled: scheduled.at_ms):
            device_records = records_by_device[event.device]
            device_records.append((event.at_ms, self._build_record(event, len(device_records) + 1)))
        if self._point == min(STILL_OPEN):
            del records_by_device[self.clerk.device][3]
        return [
            self._build_delivery(writer, records_by_device[writer.device])
            for writer in (self.clerk, self.chair)
            if records_by_device[writer.device]
        ]

    def _build_delivery(
        self, writer: Writer, timed_records: Sequence[tuple[int, Record]]
    ) -> Delivery:
        received_ms = timed_records[-1][0] + self._dice.randint(5, 90) * 1000
        wall_ms = received_ms + self._fast_ms(writer.device)
        offered_records = intake.judge_records(
            [canonical_bytes(record) for _, record in timed_records], writer
        )
        mono_ms = self._mono_ms_at(received_ms)
        device_report = DeviceReport(wall_ms, mono_ms, "b1", received_ms)
        return Delivery(writer, offered_records, received_ms, device_report, sealed=self._sealed)

    def _mono_ms_at(self, at_ms: int) -> int:
        """Convert a time to the reading of a device's monotonic clock, both in ms.

        `at_ms` counts from 1970 UTC. The monotonic clock counts from the time when the device was
        switched on, `UP_DAYS` days before the start of the conference.
        """
        return at_ms - self._starts_ms + UP_DAYS * DAY_MS

    def _request_leaves(self) -> None:
        """Choose who is absent, and schedule requests for leave and decisions on the requests.

        Three in four absent people request leave, and the Secretary decides on most requests. In
        the hall `SECRETARY_AWAY`, the Secretary also requests leave, and decides nothing.
        """
        share = self._dice.uniform(0.01, 0.08)
        is_secretary_away = self._point == SECRETARY_AWAY
        self._absent = {
            line.person
            for line in self._roll
            if not line.position and not line.exempt and self._dice.random() < share
        }
        for person in sorted(self._absent):
            if self._dice.random() < 0.75:
                request_id = self._request_leave(person)
                if self._dice.random() < 0.9 and not is_secretary_away:
                    decision = "approve" if self._dice.random() < 0.9 else "decline"
                    self._decide_request(person, request_id, decision)
        if is_secretary_away:
            self._absent.add(self._secretary)
            self.secretary_request = self._request_leave(self._secretary)
            body = ChairDelegationBody(to=self._deputy)
            self._schedule_event(self._eve_ms(), ChairDelegation, person=self._secretary, body=body)

    def _request_leave(self, person: str) -> str:
        number = f"{self._dice.randint(1, 90):02d}-BC/CB"
        detail_fields = {"reason": self._dice.choice(_REASONS), "number": number}
        body = AbsenceRequestBody(report="numbered", detail=self._seal_detail(detail_fields))
        return self._schedule_event(self._eve_ms(), AbsenceRequest, person=person, body=body)

    def _decide_request(self, person: str, request_id: str, decision: str) -> None:
        body = msgspec.convert({"decision": decision}, AbsenceDecisionBody)
        at_ms = self._eve_ms() + 4 * 3_600_000
        references = {"person": person, "refs": (request_id,)}
        self._schedule_event(
            at_ms, AbsenceDecision, device=self.chair.device, **references, body=body
        )

    def _report_readiness(self) -> None:
        items = dict.fromkeys(READINESS_ITEMS, True)
        if self._point == NO_CAMERA:
            items["camera"] = False
        at_ms = self._starts_ms - self._dice.randint(45, 75) * MINUTE_MS
        checker = self._roll[-1].person
        self._schedule_event(at_ms, Readiness, person=checker, body=ReadinessBody(items=items))

    def _schedule_attendance(self) -> None:
        presiding = self._deputy if self._secretary in self._absent else self._secretary
        arrivals = []
        for line in self._roll:
            if line.person not in self._absent and not line.exempt:
                at_ms = self._arrival_ms()
                if line.position:
                    at_ms = min(at_ms, self._starts_ms - 6 * MINUTE_MS)
                arrivals.append((at_ms, line.person))
                body = CheckInBody(mode="in_person", seat=line.seat or None)
                self._schedule_event(at_ms, CheckIn, person=line.person, body=body)
        if self._visitor:
            at_ms = self._starts_ms - 2 * MINUTE_MS
            self._schedule_event(
                at_ms, CheckIn, person=self._visitor, body=CheckInBody(mode="in_person")
            )
        if self._point != NO_CHAIR:
            at_ms = self._starts_ms - 3 * MINUTE_MS
            self._schedule_event(at_ms, ChairAssumed, person=presiding, body=Empty())
        for _ in range(self._dice.choice((0, 0, 0, 1, 2))):
            detail = self._seal_detail({"name": "Khách mẫu"})
            self._schedule_event(self._starts_ms - MINUTE_MS, Guest, body=GuestBody(detail=detail))
        if self._dice.random() < 0.2:
            at_ms = self._starts_ms + self._dice.randint(30, 150) * MINUTE_MS
            self._schedule_event(at_ms, Conduct, body=ConductBody(category="private_use"))
        if self._point == LINE_CUT:
            since = self._starts_ms + 50 * MINUTE_MS
            until = from_ms(since + 12 * MINUTE_MS)
            cut = IncidentBody(what="line", since=from_ms(since), until=until)
            self._schedule_event(since + 15 * MINUTE_MS, Incident, body=cut)
        leaving = [person for _, person in arrivals if person != presiding]
        for person in self._dice.sample(leaving, k=self._dice.choice((0, 0, 0, 1, 2))):
            at_ms = self._ends_ms - self._dice.randint(20, 70) * MINUTE_MS
            self._schedule_event(at_ms, CheckOut, person=person, body=CheckOutBody())
        self._signer = presiding

    def _schedule_closing(self) -> None:
        seen = {
            device: count
            for device in (self.clerk.device, self.chair.device)
            if (count := sum(event.device == device for event in self._events))
        }
        at_ms = self._ends_ms + self._dice.randint(2, 25) * MINUTE_MS
        present = sum(event.kind is CheckIn for event in self._events)
        body = ClosingBody(seen=seen, totals={"present": present})
        self._schedule_event(at_ms, Closing, person=self._signer, body=body)
        if self._dice.random() < SHARE_WITH_FEEDBACK:
            ratings: dict[FeedbackTopic, Rating] = dict.fromkeys(FEEDBACK_TOPICS, "good")
            ratings["sound"] = self._dice.choice(get_args(Rating))
            feedback = FeedbackBody(ratings=ratings, practice=self._dice.choice(PRACTICES))
            self._schedule_event(at_ms + 2 * MINUTE_MS, Feedback, body=feedback)

    def _eve_ms(self) -> int:
        return self._starts_ms - DAY_MS + self._dice.randint(0, 240) * MINUTE_MS

    def _arrival_ms(self) -> int:
        if self._dice.random() < 0.03:
            return self._starts_ms + self._dice.randint(6 * 60, 40 * 60) * 1000
        return self._starts_ms - self._dice.randint(60, 35 * 60) * 1000

    def _fast_ms(self, device: str) -> int:
        is_fast = self._point == FAST_CLOCK and device == self.clerk.device
        return 14 * MINUTE_MS if is_fast else 0

    def _seal_detail(self, content: dict[str, str]) -> str:
        sealed = seal(self._seal_to, msgspec.json.encode(content))
        sha256 = hashlib.sha256(sealed.encode()).hexdigest()
        self._sealed[sha256] = sealed
        return sha256

    def _schedule_event(
        self, at_ms: int, kind: type[Any], *, device: str | None = None, **fields: Any
    ) -> str:
        """Plan a record of the sample day, and return its id, which begins with its time (UUIDv7).

        `at_ms` is the record's time in ms since 1970 UTC, and `kind` the Python class of the
        record. `device` defaults to the clerk's device. `fields` are the record's other values,
        such as `body`, which holds what was recorded.
        """
        bits = self._dice.getrandbits(74)
        value = (at_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | (bits >> 62) << 64
        value |= 0b10 << 62 | bits & (1 << 62) - 1
        record_id = str(uuid.UUID(int=value))
        record_fields = {"id": record_id, **fields}
        self._events.append(_Event(at_ms, device or self.clerk.device, kind, record_fields))
        return record_id

    def _build_record(self, event: _Event, seq: int) -> Record:
        writer = self.clerk if event.device == self.clerk.device else self.chair
        record: Record = event.kind(
            v=1,
            meeting=self._meeting.id,
            point=self._point,
            device=event.device,
            seq=seq,
            boot="b1",
            at=from_ms(event.at_ms + self._fast_ms(event.device)),
            mono_ms=self._mono_ms_at(event.at_ms),
            by=writer.by,
            source="search",
            **event.fields,
        )
        return record
