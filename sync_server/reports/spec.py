"""What a report says and was computed from: the same spec makes the same file."""

from typing import Literal, get_args

from msgspec import Struct

from sync_server.reports.figures import Attendee, Figures
from sync_server.reports.layouts import LayoutName
from sync_server.reports.narrative import Section
from sync_server.reports.snapshot import Basis
from sync_server.storage.organisation import Organisation

Kind = Literal["quick", "evaluation", "minutes", "presence", "summons", "certificate", "period"]
KINDS: tuple[Kind, ...] = get_args(Kind)

WITH_NAMES: tuple[Kind, ...] = ("minutes", "presence", "summons", "certificate")
"""The kinds that name people: they are internal always."""


LETTERS: tuple[Kind, ...] = ("summons", "certificate")
"""The kinds that go to the people on them."""


class PersonLine(Struct, frozen=True):
    """A person with name, unit and position: only in files marked internal."""

    facts: Attendee
    name: str
    unit: str
    position: str


class HallCourse(Struct, frozen=True):
    """The course of a conference in one hall, for its minutes; names and ms since 1970 UTC.

    `chair` presided last, from `presided_ms`; `signer` signed the roll off at `closed_ms`. A name
    is "" and a moment None if there is no record of it.
    """

    chair: str
    presided_ms: int | None
    signer: str
    closed_ms: int | None


class ReportSpec(Struct, frozen=True, tag="report"):
    """Everything that a report says and was computed from. The same spec makes the same file.

    `sections`: the edited texts; others are drafted from the figures. `changes`: what differs from
    the revision before, in words; `changed_points`: the halls to mark. `point`: the one hall that
    minutes or a list are of, `unit` and `person` those that a list or a letter is for; "" for all.
    `course` is in minutes alone; `people` is empty unless the file is internal.
    """

    kind: Kind
    layout: LayoutName
    revision: int
    organisation: Organisation
    basis: Basis
    figures: Figures
    sections: dict[Section, str] = {}
    changes: tuple[str, ...] = ()
    changed_points: tuple[str, ...] = ()
    is_internal: bool = False
    point: str = ""
    unit: str = ""
    person: str = ""
    course: HallCourse | None = None
    people: tuple[PersonLine, ...] = ()


class Conference(Struct, frozen=True):
    """One of the conferences of a period: what its figures follow from, and the figures."""

    basis: Basis
    figures: Figures


class PeriodSpec(Struct, frozen=True, tag="period"):
    """What a report on several conferences says: those of a year, or of a series.

    `name`: the period in words; `at_ms`: the moment of the figures.
    """

    layout: LayoutName
    organisation: Organisation
    name: str
    at_ms: int
    conferences: tuple[Conference, ...]


AnySpec = ReportSpec | PeriodSpec
