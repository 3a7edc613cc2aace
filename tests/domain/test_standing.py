"""Test how attendance at a hall is computed from the records of a device with a correct clock."""

from typing import Any

from sync_server.domain.judging.clocks import Clocks, Sighting
from sync_server.domain.judging.standing import PointStanding, standing_of
from sync_server.domain.records.forms import parse_record
from tests.factories import raw

CLOCKS = Clocks([Sighting("D-ONE", "b1", 0, 0, 0)])


def judge_drafts(*drafts: dict[str, Any]) -> PointStanding:
    return standing_of("P001", [parse_record(raw(fields)) for fields in drafts], CLOCKS)
