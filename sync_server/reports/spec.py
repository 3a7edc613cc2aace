"""Define the complete data of a report, from which its file can be written at any time."""

from typing import Literal, get_args

from msgspec import Struct

from sync_server.reports.figures import Attendee, Figures
from sync_server.reports.layouts import LayoutName
from sync_server.reports.narrative import Section
from sync_server.reports.snapshot import Basis
from sync_server.storage.access.audit import ChainHead
from sync_server.storage.organisation import Organisation

Kind = Literal["quick", "evaluation", "minutes", "presence", "summons", "certificate", "period"]
KINDS: tuple[Kind, ...] = get_args(Kind)

WITH_NAMES: tuple[Kind, ...] = ("minutes", "presence", "summons", "certificate")
"""The kinds of documents that always contain names of people. The names of their files are marked
`-noi-bo` (internal)."""


LETTERS: tuple[Kind, ...] = ("summons", "certificate")
"""The kinds of documents that are handed to the people named in them. Such documents have no
footnote on the sources of figures."""


class PersonLine(Struct, frozen=True):
    """One person in a report file that contains people's names.

    `facts` is the person's attendance, and `unit` the name of the person's unit. `position` is
    the code of the person's position; "" if the position is unknown.
    """

    facts: Attendee
    name: str
    unit: str
    position: str


class HallCourse(Struct, frozen=True):
    """The chair of a conference in one hall, and the signer of the attendance, for the minutes.

    `chair` is the name of the last person to preside, who began at `presided_ms`. `signer` is the
    name of the person who signed the attendance off at `closed_ms`. Times are in ms since 1970 UTC.
    If something was not recorded, the name is "" and the time is None.
    """

    chair: str
    presided_ms: int | None
    signer: str
    closed_ms: int | None


class Signing(Struct, frozen=True):
    """The details that staff fill in when they register and sign a report; "" leaves a blank.

    `number` is the document number, such as 05. `day` is the date of signing as YYYY-MM-DD, and
    `signer` the name of the person who signs. `office` is the signer's position, such as PHÓ BÍ
    THƯ (Deputy Secretary); "" stands for the position in the organisation's details.
    """

    number: str = ""
    day: str = ""
    signer: str = ""
    office: str = ""


class ReportSpec(Struct, frozen=True, tag="report"):
    """The complete data of a report on one meeting. The same data always give the same file.

    `sections` contains the texts that people wrote; all other sections are drafted from the
    figures. `basis` contains the data, except the records, from which the figures were computed.
    `changes` are sentences on the changes since the previous revision, and `changed_points` are the
    codes of the changed halls. The codes `point`, `unit` and `person` limit minutes, a list or a
    letter to one hall, unit or person; "" sets no limit. `course`, which only minutes have, names
    the persons who presided and signed off. `people`, which only internal files have, are the
    people named in the file. `audit` contains the number and the hash of the row that was the
    latest in the audit log when the report was made.
    """

    kind: Kind
    layout: LayoutName
    revision: int
    organisation: Organisation
    basis: Basis
    figures: Figures
    sections: dict[Section, str] = {}
    signing: Signing = Signing()
    changes: tuple[str, ...] = ()
    changed_points: tuple[str, ...] = ()
    is_internal: bool = False
    point: str = ""
    unit: str = ""
    person: str = ""
    course: HallCourse | None = None
    people: tuple[PersonLine, ...] = ()
    audit: ChainHead = ChainHead(0, "")


class Conference(Struct, frozen=True):
    """One of the conferences in a report on several conferences.

    `basis` is everything, except the records, from which `figures` were computed.
    """

    basis: Basis
    figures: Figures


MOST_CONFERENCES = 60
"""The greatest number of conferences in one report."""


class PeriodSpec(Struct, frozen=True, tag="period"):
    """The complete data of a report on several conferences, such as those of a year.

    The same data always give the same file. `name` is the Vietnamese name of the period. `at_ms` is
    the time of the figures, in ms since 1970 UTC.
    """

    layout: LayoutName
    organisation: Organisation
    name: str
    at_ms: int
    conferences: tuple[Conference, ...]


AnySpec = ReportSpec | PeriodSpec
