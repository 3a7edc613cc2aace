"""The complete content of a report. The same spec always gives the same file."""

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
"""Documents of these kinds contain names of people, so they are always internal."""


LETTERS: tuple[Kind, ...] = ("summons", "certificate")
"""Documents of these kinds are handed to the people that they name."""


class PersonLine(Struct, frozen=True):
    """One person in an internal file, with attendance, name, unit name and position code."""

    facts: Attendee
    name: str
    unit: str
    position: str


class HallCourse(Struct, frozen=True):
    """The course of a conference in one hall, for the minutes.

    `chair` is the name of the last person to preside, who began at `presided_ms`. `signer` is the
    name of the person who signed the roll off at `closed_ms`. Times are in ms since 1970 UTC.
    Without a record, a name is "" and a time is None.
    """

    chair: str
    presided_ms: int | None
    signer: str
    closed_ms: int | None


class ReportSpec(Struct, frozen=True, tag="report"):
    """The complete content of a report on one meeting. The same spec always gives the same file.

    `sections` are texts that people wrote; the other sections are drafted from the figures.
    `changes` are sentences on what changed since the previous revision, and `changed_points` are
    the points of the changed halls. `point`, `unit` and `person` limit minutes, a list or a letter
    to one hall, unit or person; "" sets no limit. Only minutes have a `course`, and only internal
    files have `people`.
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
    """One conference in a report on several: its figures and the basis of these figures."""

    basis: Basis
    figures: Figures


class PeriodSpec(Struct, frozen=True, tag="period"):
    """The complete content of a report on several conferences, such as those of a year.

    `name` is the Vietnamese name of the period. `at_ms` is the time of the figures, in ms since
    1970 UTC.
    """

    layout: LayoutName
    organisation: Organisation
    name: str
    at_ms: int
    conferences: tuple[Conference, ...]


AnySpec = ReportSpec | PeriodSpec
