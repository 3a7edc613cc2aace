"""The demonstration: the release's units and points, people who are plainly made up.

Everybody's family name is Mẫu ("sample"), and they are the same every time. One conference is
finished, with a ledger as a real day leaves it; one is open whenever the command is run, so that a
kiosk can be tried at any hour.
"""

import random
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

from msgspec import Struct
from sqlalchemy import Connection

from sync_server.database import write
from sync_server.demo_hall import DAY_MS, SEED, Hall
from sync_server.domain.codes import MINUTE_MS, from_ms, to_ms
from sync_server.domain.permissions import Profile
from sync_server.domain.records import Summoned
from sync_server.messages import number, say
from sync_server.office import acts, decisions
from sync_server.office.writing import SERVER, seal_note
from sync_server.storage import accounts, contacts, devices, directory, intake, roster, streams
from sync_server.storage.accounts import Who
from sync_server.storage.contacts import DUTIES, ContactLine
from sync_server.storage.directory import MeetingFact, ReleaseFacts
from sync_server.storage.roster import PersonFact
from sync_server.storage.streams import StreamKey

PEOPLE = 4_950
FINISHED = "2024-08-22-hoc-tap"
ACCOUNT = "bantochuc"
KIOSK_POINT = "P001"

SILENT = frozenset({"P047", "P066"})
"""Halls from which nothing ever came."""
VIETNAM = timezone(timedelta(hours=7))

_MIDDLE = ("Văn", "Thị", "Đức", "Thanh", "Ngọc", "Minh", "Hữu", "Thu", "Quang", "Bích")
_GIVEN = (
    "An", "Anh", "Bình", "Châu", "Cường", "Dung", "Dũng", "Đạt", "Giang", "Hà", "Hạnh", "Hiếu",
    "Hoà", "Hùng", "Hương", "Khánh", "Lan", "Linh", "Long", "Mai", "Nam", "Nga", "Oanh", "Phúc",
    "Phương", "Quân", "Quyên", "Sơn", "Tâm", "Thảo", "Thắng", "Thuý", "Trang", "Tuấn", "Uyên",
    "Việt", "Xuân", "Yến",
)  # fmt: skip
_POSITIONS = ("BI_THU", "PHO_BI_THU", "PHO_BI_THU", "CAP_UY_VIEN", "CAP_UY_VIEN")


class RealPeopleFault(Exception):
    """The database knows people who are not made up: it is no place for a demonstration."""


class Shown(Struct, frozen=True):
    """What to show whoever started the demonstration."""

    people: str
    points: int
    open_meeting: str
    finished_meeting: str
    code: str
    account: str
    password: str


def fill(facts: ReleaseFacts, seal_to: dict[str, str], now_ms: int) -> Shown:
    """Fill the database; what is already there stays. A new password and code every time."""
    people = synthetic_people([unit.code for unit in facts.units])
    rolls = _rolls(facts, people)
    meeting = _open_meeting(now_ms)
    finished = next((fact for fact in facts.meetings if fact.id == FINISHED), None)
    password = "-".join(secrets.token_hex(2) for _ in range(3))

    def work(c: Connection) -> str:
        if roster.known_people(c) - {each.person for each in people}:
            raise RealPeopleFault
        directory.put_places(c, facts.units, facts.points)
        if len(roster.known_people(c)) < len(people):
            roster.put_people(c, people)
        if finished and not streams.of_meeting(c, finished.id):
            _hold(c, finished, rolls, seal_to)
        known = directory.meeting(c, meeting.id, now_ms)
        if known is None or known.state != "open":
            acts.accept_meeting(c, meeting, now_ms)
        if not roster.roster_of(c, StreamKey(meeting.id, KIOSK_POINT)).people:
            acts.summon(c, meeting.id, rolls, now_ms)
            _ask_for_leave(c, meeting.id, rolls, now_ms)
        for who in _accounts(rolls):
            if accounts.who_is(c, who.name):
                accounts.set_password(c, who.name, password)  # who is signed in stays so
            else:
                accounts.put(c, who, password)
        contacts.put(c, _contacts(facts))
        return devices.new_enrolment(c, KIOSK_POINT, now_ms=now_ms)

    return Shown(
        people=number(len(people)),
        points=len(facts.points),
        open_meeting=meeting.title,
        finished_meeting=finished.title if finished else "–",
        code=write(work),
        account=ACCOUNT,
        password=password,
    )


def synthetic_people(units: Sequence[str]) -> list[PersonFact]:
    """Return the same people every time: each unit has a Secretary and two Deputies."""
    dice = random.Random(SEED)  # noqa: S311 - made to repeat itself, not to be secret
    sizes = _sizes(len(units), dice)
    people: list[PersonFact] = []
    for unit, size in zip(units, sizes, strict=True):
        for place in range(size):
            name = f"Mẫu {dice.choice(_MIDDLE)} {dice.choice(_GIVEN)}"
            people.append(
                PersonFact(
                    person=f"M{len(people) + 1:05d}",
                    full_name=name,
                    unit=unit,
                    position=_POSITIONS[place] if place < len(_POSITIONS) else "",
                    membership=dice.choices(("OFFICIAL", "PROBATIONARY", "NONE"), (94, 3, 3))[0]
                    if place >= len(_POSITIONS)
                    else "OFFICIAL",
                    birth_year=dice.randint(1966, 2001),
                )
            )
    return people


def _sizes(units: int, dice: random.Random) -> list[int]:
    weights = [dice.uniform(0.4, 1.8) for _ in range(units)]
    sizes = [int(PEOPLE * weight / sum(weights)) for weight in weights]
    for index in range(PEOPLE - sum(sizes)):
        sizes[index % units] += 1
    return sizes


def _rolls(facts: ReleaseFacts, people: Sequence[PersonFact]) -> dict[str, list[Summoned]]:
    point_of = {point.unit: point.code for point in facts.points}
    rolls: dict[str, list[Summoned]] = {point.code: [] for point in facts.points}
    for each in people:
        roll = rolls[point_of[each.unit]]
        row, seat = divmod(len(roll), 10)
        # One in ninety is excused from Party activities and stands outside the denominator.
        is_exempt = int(each.person[1:]) % 90 == 0 and not each.position
        line = Summoned(
            each.person, each.unit, each.position, f"{chr(65 + row)}{seat + 1}", is_exempt
        )
        roll.append(line)
    return rolls


def _accounts(rolls: Mapping[str, Sequence[Summoned]]) -> list[Who]:
    """Return an account of each role; the chair and the secretary are the kiosk's point's."""
    officers = rolls[KIOSK_POINT]
    return [
        Who(ACCOUNT, Profile.HEADQUARTERS),
        Who("chutri", Profile.CHAIR, point=KIOSK_POINT, person=officers[0].person),
        Who("bithu", Profile.SECRETARY, unit=officers[0].unit),
        Who("tuyengiao", Profile.PROPAGANDA),
        Who("kiemtra", Profile.AUDITOR),
        Who("bientap", Profile.EDITOR),
    ]


def _contacts(facts: ReleaseFacts) -> list[ContactLine]:
    """Return whom to call: numbers that nobody has."""
    return [
        ContactLine(point.code, duty, f"{say('demo.contact')} {say(f'duty.{duty}')}", number_)
        for place, point in enumerate(facts.points, start=1)
        for duty, number_ in zip(
            DUTIES, (f"0900000{place:03d}", f"0900001{place:03d}"), strict=True
        )
    ]


def _ask_for_leave(
    c: Connection, meeting: str, rolls: Mapping[str, Sequence[Summoned]], now_ms: int
) -> None:
    """Ask for leave from the open meeting: three members, and a Secretary."""
    asking = [(point, rolls[point][-1].person) for point in (KIOSK_POINT, "P003", "P004")]
    asking.append(("P002", rolls["P002"][0].person))
    for place, (point, person) in enumerate(asking, start=1):
        told = seal_note(reason="CONG_TAC", number=f"{place:02d}-BC/CB", note=say("demo.reason"))
        decisions.ask(c, SERVER, StreamKey(meeting, point), person, told, now_ms)


def _open_meeting(now_ms: int) -> MeetingFact:
    """Return today's open meeting: people are arriving, it begins in half an hour."""
    starts_ms = (now_ms // (5 * MINUTE_MS)) * 5 * MINUTE_MS + 30 * MINUTE_MS
    day = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(VIETNAM)
    return MeetingFact(
        id=f"{day:%Y-%m-%d}-dang-mo",
        title=say("demo.open_title", date=f"{day:%d/%m/%Y}"),
        starts_at=from_ms(starts_ms),
        ends_at=from_ms(starts_ms + 10 * 60 * MINUTE_MS),
        grace_minutes=5,
    )


def _hold(
    c: Connection,
    fact: MeetingFact,
    rolls: Mapping[str, Sequence[Summoned]],
    seal_to: dict[str, str],
) -> None:
    """Hold the finished conference: summon, check in, close, as 72 halls do."""
    starts_ms = to_ms(fact.starts_at)
    acts.accept_meeting(c, fact, starts_ms - 3 * DAY_MS)
    acts.summon(c, fact.id, rolls, starts_ms - 2 * DAY_MS)
    visitor = rolls["P003"][7].person if "P003" in rolls else None
    for point, roll in rolls.items():
        if point in SILENT:
            continue
        hall = Hall(fact, point, roll, visitor, seal_to)
        for writer in (hall.clerk, hall.chair):
            devices.put(c, writer, say("demo.device_label"), now_ms=starts_ms - 2 * DAY_MS)
        intake.receive(c, hall.deliveries())
        if hall.secretary_s_request:
            asked = (StreamKey(fact.id, point), hall.secretary_s_request, hall.chair.by)
            decisions.decide(c, SERVER, [asked], "approve", starts_ms - DAY_MS // 2)
