"""Fill the database with a demonstration: the portal's units and halls with synthetic people.

The portal is the public website. Every family name is Mẫu ("sample"), and every run gives the same
people. One conference is finished and has the records of a realistic day. Another is open at the
time of the run, so that check-in can be tried at any hour.
"""

import random
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct
from sqlalchemy import Connection

from sync_server.acts import arrangements, decisions
from sync_server.acts.writing import SERVER_WRITER, seal_note
from sync_server.commands.demo.hall_day import DAY_MS, SEED, Hall
from sync_server.database import write
from sync_server.domain.positions import COMMITTEE
from sync_server.domain.records.codes import MINUTE_MS, VIETNAM, from_ms, to_ms
from sync_server.domain.records.kinds import Summoned
from sync_server.domain.records.permissions import Profile
from sync_server.messages import number, say
from sync_server.storage import directory, organisation, purpose
from sync_server.storage.access import accounts, devices
from sync_server.storage.access.accounts import Account
from sync_server.storage.directory import PublishedDirectory, PublishedMeeting
from sync_server.storage.ledger import intake, streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.organisation import Organisation
from sync_server.storage.people import contacts, roster
from sync_server.storage.people.contacts import DUTIES, ContactLine
from sync_server.storage.people.roster import RosterPerson

PEOPLE_COUNT = 4_950
FINISHED_MEETING = "2024-08-22-hoc-tap"
ACCOUNT_NAME = "bantochuc"
KIOSK_POINT = "P001"

_ORGANISATION = Organisation(
    parent="Tỉnh uỷ (bản minh hoạ)",
    name="Đảng uỷ Khối các cơ quan tỉnh (bản minh hoạ)",
    symbol="MH",
    place="Tỉnh lỵ",
    body="BAN THƯỜNG VỤ",
    signer_office="BÍ THƯ",
    recipients=("Thường trực Tỉnh uỷ (báo cáo)", "Các chi, đảng bộ cơ sở"),
)

SILENT_POINTS = frozenset({"P047", "P066"})
"""Codes of halls that never send a record. They show how a hall that has not reported is
displayed."""

_MIDDLE = ("Văn", "Thị", "Đức", "Thanh", "Ngọc", "Minh", "Hữu", "Thu", "Quang", "Bích")
_GIVEN = (
    "An", "Anh", "Bình", "Châu", "Cường", "Dung", "Dũng", "Đạt", "Giang", "Hà", "Hạnh", "Hiếu",
    "Hoà", "Hùng", "Hương", "Khánh", "Lan", "Linh", "Long", "Mai", "Nam", "Nga", "Oanh", "Phúc",
    "Phương", "Quân", "Quyên", "Sơn", "Tâm", "Thảo", "Thắng", "Thuý", "Trang", "Tuấn", "Uyên",
    "Việt", "Xuân", "Yến",
)  # fmt: skip
_SECRETARY, _DEPUTY, _MEMBER = COMMITTEE
_POSITIONS = (_SECRETARY, _DEPUTY, _DEPUTY, _MEMBER, _MEMBER)


class RealPeopleFault(Exception):
    """Raised if the demonstration must not be added, because the database contains real people."""


class DemoSummary(Struct, frozen=True):
    """The values that are printed when the demonstration (a database of invented people) is ready.

    `people` is the number of people, formatted as text, and `points` the number of halls.
    `open_meeting` and `finished_meeting` are titles. `code` enrols a check-in device. `account` is
    the name of headquarters' account; all accounts share `password`.
    """

    people: str
    points: int
    open_meeting: str
    finished_meeting: str
    code: str
    account: str
    password: str


def fill_database(
    published: PublishedDirectory, seal_to: dict[str, str], now_ms: int
) -> DemoSummary:
    """Fill the database with invented people and meetings, and return the values to print.

    Everything is stored in one transaction. `published` contains the units, halls and meetings of
    the portal (the public website). `seal_to` is headquarters' public key (JWK), with which
    personal data are encrypted. Every run sets a new password and creates a new enrolment code;
    data from earlier runs are kept. Raises: RealPeopleFault if the database contains real people.
    """
    people = synthetic_people([unit.code for unit in published.units])
    rolls = _build_rolls(published, people)
    meeting = _open_meeting(now_ms)
    finished = next(
        (candidate for candidate in published.meetings if candidate.id == FINISHED_MEETING), None
    )
    password = "-".join(secrets.token_hex(2) for _ in range(3))

    def work(c: Connection) -> str:
        if roster.known_people(c) and not purpose.is_demonstration(c):
            raise RealPeopleFault
        directory.put_places(c, published.units, published.points)
        if len(roster.known_people(c)) < len(people):
            roster.put_people(c, people)
        if finished and not streams.of_meeting(c, finished.id):
            _hold_conference(c, finished, rolls, seal_to)
        stored_meeting = directory.meeting(c, meeting.id, now_ms)
        if stored_meeting is None or stored_meeting.state != "open":
            arrangements.accept_meeting(c, meeting, now_ms)
        if not roster.roster_of(c, StreamKey(meeting.id, KIOSK_POINT)).people:
            arrangements.summon(c, meeting.id, rolls, now_ms)
            _request_leave(c, meeting.id, rolls, now_ms)
        for account in _accounts_of_roles(rolls):
            if accounts.find_account(c, account.name):
                accounts.set_password(c, account.name, password)  # sessions stay valid
            else:
                accounts.put(c, account, password)
        contacts.put(c, _synthetic_contacts(published))
        if not organisation.current(c, now_ms).name:
            organisation.put(c, _ORGANISATION, now_ms)
        purpose.set_demonstration(c, True)
        return devices.new_enrolment(c, KIOSK_POINT, now_ms=now_ms)

    return DemoSummary(
        people=number(len(people)),
        points=len(published.points),
        open_meeting=meeting.title,
        finished_meeting=finished.title if finished else "–",
        code=write(work),
        account=ACCOUNT_NAME,
        password=password,
    )


def synthetic_people(units: Sequence[str]) -> list[RosterPerson]:
    """Return synthetic people for the given units; every run returns the same people.

    `units` are the codes of the units. The first people of every unit are a Secretary, two Deputies
    and two committee members. The sizes of the units vary and add up to `PEOPLE_COUNT`.
    """
    dice = random.Random(SEED)  # noqa: S311 - must be repeatable
    sizes = _unit_sizes(len(units), dice)
    people: list[RosterPerson] = []
    for unit, size in zip(units, sizes, strict=True):
        for place in range(size):
            name = f"Mẫu {dice.choice(_MIDDLE)} {dice.choice(_GIVEN)}"
            people.append(
                RosterPerson(
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


def _unit_sizes(units: int, dice: random.Random) -> list[int]:
    weights = [dice.uniform(0.4, 1.8) for _ in range(units)]
    sizes = [int(PEOPLE_COUNT * weight / sum(weights)) for weight in weights]
    for index in range(PEOPLE_COUNT - sum(sizes)):
        sizes[index % units] += 1
    return sizes


def _build_rolls(
    published: PublishedDirectory, people: Sequence[RosterPerson]
) -> dict[str, list[Summoned]]:
    point_of = {point.unit: point.code for point in published.points}
    rolls: dict[str, list[Summoned]] = {point.code: [] for point in published.points}
    for person in people:
        roll = rolls[point_of[person.unit]]
        row, seat = divmod(len(roll), 10)
        # One person in ninety is exempt from Party activities and does not count as summoned.
        is_exempt = int(person.person[1:]) % 90 == 0 and not person.position
        line = Summoned(
            person.person, person.unit, person.position, f"{chr(65 + row)}{seat + 1}", is_exempt
        )
        roll.append(line)
    return rolls


def _accounts_of_roles(rolls: Mapping[str, Sequence[Summoned]]) -> list[Account]:
    """Return one account for every role on the office's web pages, so that all can be tried.

    `rolls` contains the people summoned to every hall, by the hall's code. The chair's and the
    unit secretary's accounts belong to the hall `KIOSK_POINT` and its unit.
    """
    officers = rolls[KIOSK_POINT]
    return [
        Account(ACCOUNT_NAME, Profile.HEADQUARTERS),
        Account("chutri", Profile.CHAIR, point=KIOSK_POINT, person=officers[0].person),
        Account("bithu", Profile.SECRETARY, unit=officers[0].unit),
        Account("tuyengiao", Profile.PROPAGANDA),
        Account("kiemtra", Profile.AUDITOR),
        Account("bientap", Profile.EDITOR),
    ]


def _synthetic_contacts(published: PublishedDirectory) -> list[ContactLine]:
    """Return a clerk and a technician for every hall, with telephone numbers that nobody uses."""
    return [
        ContactLine(point.code, duty, f"{say('demo.contact')} {say(f'duty.{duty}')}", number_)
        for place, point in enumerate(published.points, start=1)
        for duty, number_ in zip(
            DUTIES, (f"0900000{place:03d}", f"0900001{place:03d}"), strict=True
        )
    ]


def _request_leave(
    c: Connection, meeting: str, rolls: Mapping[str, Sequence[Summoned]], now_ms: int
) -> None:
    """Record requests by three members and one Secretary for leave from the open meeting.

    `meeting` is the meeting's id. `rolls` contains the people summoned to every hall, by the hall's
    code. The requests are left undecided, so that a user can try to decide on them.
    """
    absentees = [(point, rolls[point][-1].person) for point in (KIOSK_POINT, "P003", "P004")]
    absentees.append(("P002", rolls["P002"][0].person))
    for place, (point, person) in enumerate(absentees, start=1):
        sealed_note = seal_note(
            reason="CONG_TAC", number=f"{place:02d}-BC/CB", note=say("demo.reason")
        )
        decisions.request_leave(
            c, SERVER_WRITER, StreamKey(meeting, point), person, sealed_note, now_ms
        )


def _open_meeting(now_ms: int) -> PublishedMeeting:
    """Return a meeting that begins 25 to 30 minutes after `now_ms` and lasts ten hours.

    `now_ms` is in ms since 1970 UTC. People can be checked in at once, because check-in opens three
    hours before the start.
    """
    starts_ms = (now_ms // (5 * MINUTE_MS)) * 5 * MINUTE_MS + 30 * MINUTE_MS
    day = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(VIETNAM)
    return PublishedMeeting(
        id=f"{day:%Y-%m-%d}-dang-mo",
        title=say("demo.open_title", date=f"{day:%d/%m/%Y}"),
        starts_at=from_ms(starts_ms),
        ends_at=from_ms(starts_ms + 10 * 60 * MINUTE_MS),
        grace_minutes=5,
    )


def _hold_conference(
    c: Connection,
    meeting: PublishedMeeting,
    rolls: Mapping[str, Sequence[Summoned]],
    seal_to: dict[str, str],
) -> None:
    """Record the finished conference: its summonses, and the records that its halls sent.

    `rolls` contains the people summoned to every hall, by the hall's code. `seal_to` is
    headquarters' public key (JWK). The halls in `SILENT_POINTS` sent nothing.
    """
    starts_ms = to_ms(meeting.starts_at)
    arrangements.accept_meeting(c, meeting, starts_ms - 3 * DAY_MS)
    arrangements.summon(c, meeting.id, rolls, starts_ms - 2 * DAY_MS)
    visitor = rolls["P003"][7].person if "P003" in rolls else None
    for point, roll in rolls.items():
        if point in SILENT_POINTS:
            continue
        hall = Hall(meeting, point, roll, visitor, seal_to)
        for writer in (hall.clerk, hall.chair):
            devices.put(c, writer, say("demo.device_label"), now_ms=starts_ms - 2 * DAY_MS)
        for delivery in hall.deliveries():
            intake.receive(c, delivery)
        if hall.secretary_request:
            request = (StreamKey(meeting.id, point), hall.secretary_request, hall.chair.by)
            decisions.decide(c, SERVER_WRITER, [request], "approve", starts_ms - DAY_MS // 2)
