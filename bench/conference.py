"""Store the conferences that measurements need: a meeting with its halls, people and devices."""

import random
import time
from collections.abc import Mapping
from typing import Any

import uuid_utils
from sqlalchemy import Connection

from sync_server.acts import arrangements
from sync_server.database import write
from sync_server.domain.records.codes import from_ms
from sync_server.domain.records.kinds import Summoned
from sync_server.domain.records.permissions import Profile
from sync_server.storage import directory
from sync_server.storage.access import accounts, devices
from sync_server.storage.access.accounts import Account
from sync_server.storage.access.devices import EnrolmentAnswer
from sync_server.storage.directory import PublishedMeeting, PublishedPoint, PublishedUnit

SECRET = "bench-secret-0123456789-abcdefghijklmnopqrstuvwxyz"  # noqa: S105 - a throwaway secret
STARTS_MS = 1_724_286_600_000
"""The start of every meeting, in ms since 1970 UTC: 07:30 in Vietnam on 22 August 2024."""


def store_meeting(meeting: str, unit_of: Mapping[str, str], people: int) -> None:
    """Store a meeting in the current app's database, with halls and the people summoned there.

    `unit_of` is {code of a hall: code of the unit (organisation) to which the hall and its people
    belong}. The codes of the `people` people of the hall P001 are M001-1, M001-2 and so on; the
    first one has the seat A1.
    """
    codes = dict.fromkeys(unit_of.values())
    units = [PublishedUnit(code, f"Đơn vị {code}", "DOANH_NGHIEP") for code in codes]
    halls = [PublishedPoint(code, code, unit) for code, unit in unit_of.items()]
    ends_ms = STARTS_MS + 9_000_000
    published = PublishedMeeting(meeting, "Bench", from_ms(STARTS_MS), from_ms(ends_ms))
    rolls = {
        code: [Summoned(f"M{code[1:]}-{n}", unit, "", f"A{n}") for n in range(1, people + 1)]
        for code, unit in unit_of.items()
    }
    write(lambda c: directory.put_places(c, units, halls))
    write(lambda c: arrangements.accept_meeting(c, published, STARTS_MS - 86_400_000))
    write(lambda c: arrangements.summon(c, meeting, rolls, STARTS_MS - 80_000_000))


def enrol(connection: Connection, point: str) -> EnrolmentAnswer:
    """Register a device for the hall with the code `point`."""
    code = devices.new_enrolment(connection, point, now_ms=STARTS_MS)
    enrolled = devices.enrol(connection, code, "bench", None, now_ms=STARTS_MS)
    assert enrolled
    return enrolled


def make_office_token() -> str:
    """Make an account of headquarters in the current app's database, and return its token."""
    account = Account("bench", Profile.HEADQUARTERS)
    write(lambda c: accounts.put(c, account, SECRET))
    now_ms = round(time.time() * 1000)
    token = write(lambda c: accounts.renew_token(c, account.name, now_ms=now_ms))
    assert token
    return token


def make_check_in(
    meeting: str, point: str, device: str, seq: int, person: int, dice: random.Random
) -> dict[str, Any]:
    """Return the check-in of a person in the hall with the code `point`, as a JSON object.

    `person` is the person's number in the hall, which is also the number of the seat; `seq` is the
    number of the record. `dice` decides the time, which lies in the half hour before the meeting.
    """
    return {
        "id": str(uuid_utils.uuid7()),
        "v": 1,
        "kind": "check_in",
        "meeting": meeting,
        "point": point,
        "device": device,
        "seq": seq,
        "boot": "b1",
        "at": from_ms(STARTS_MS - dice.randint(0, 1_800_000)),
        "mono_ms": 1000 + seq * 700,
        "by": "clerk",
        "source": "search",
        "person": f"M{point[1:]}-{person}",
        "body": {"mode": "in_person", "seat": f"A{person}"},
    }
