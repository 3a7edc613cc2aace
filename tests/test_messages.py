"""Test that the message catalogues contain exactly the messages that the code uses."""

import argparse
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import click
import pytest
from portal.content.fields import MaterialKind, Mode
from portal.messages import catalogue as site_catalogue

from sync_server import errors
from sync_server.acts.attendance_lists import USED as ATTENDANCE_USED
from sync_server.acts.follow_ups import STATES
from sync_server.acts.list_files import COLUMNS as TEMPLATE_COLUMNS
from sync_server.acts.list_files import PLACE_COLUMNS
from sync_server.acts.list_imports import NOT_ON_THE_LIST
from sync_server.acts.people import END_REASONS, MERGED
from sync_server.acts.people_lists import USED
from sync_server.commands import COMMANDS, command_parts
from sync_server.config import ROOT
from sync_server.domain.judging.counts import Counts
from sync_server.domain.judging.people import AttendanceState, Cause
from sync_server.domain.judging.settings import REASONS
from sync_server.domain.positions import COMMITTEE
from sync_server.domain.records.door import REFUSALS
from sync_server.domain.records.kinds import (
    FEEDBACK_TOPICS,
    KINDS,
    READINESS_ITEMS,
    IncidentCause,
    Rating,
    SettingBody,
)
from sync_server.domain.records.permissions import Action, Profile
from sync_server.domain.summoning import MEMBERSHIPS, RANKS
from sync_server.domain.unit_types import UNIT_TYPES
from sync_server.messages import catalogue, number, percent, rate
from sync_server.office.halls import device_list, point, seats
from sync_server.office.meetings import arrangements, board, trend, urgent
from sync_server.office.meetings.attendance_lists import MODES, SHOWN_STATES
from sync_server.office.people import leave_requests, person
from sync_server.office.system import audit_log
from sync_server.reports import document, figures, open_data, spec
from sync_server.reports.layouts import LAYOUTS
from sync_server.reports.making import FORMATS
from sync_server.sheets.grids import CellProblem, FileProblem
from sync_server.sheets.tables import TableProblem
from sync_server.storage.people.contacts import DUTIES
from sync_server.storage.people.roster import ANONYMOUS, RosterPerson
from sync_server.storage.remarks import HEADINGS

FLAGS = (
    "already_present other_point not_summoned clock_suspect time_stated after_close already_closed "
    "without_authority id_reuse ruled seat_taken no_chair escalated over_capacity after_freeze "
    "late_readiness wrong_composition came_though_excused late_approval document_pending "
    "document_late seq_reuse"
)


LIST_PROBLEMS = (
    "empty_name", "bad_code", "too_long", "digits_in_name", "no_unit", "unknown_unit",
    "unknown_point", "unknown_meeting", "unknown_person", "which_person", "membership", "birth",
    "person_twice", "same_twice", "ended_person", "merged_person", "anonymous_person",
    "bad_place_code", "no_unit_name", "near_unit", "unit_type", "which_point", "near_point",
    "capacity", "phone",
    "phone_without_name", "moment", "minutes", "left_before",
    "not_summoned", "nobody",
    "title_in_name", "both_memberships", "no_membership", "seat_twice", "other_meeting",
)  # fmt: skip
CODES: dict[str, Iterable[str]] = {
    "role": Profile,
    "profile": device_list.PROFILES,
    "action": (*Action, *audit_log.OTHER_ACTIONS),
    "kind": KINDS,
    "refusal": (*REFUSALS, "device_revoked", "id_reuse"),
    "unit_type": (*UNIT_TYPES, ""),  # "" is the code of an unknown unit
    "trouble": board.WARNINGS,
    "trouble.count": board.WARNINGS,
    "needs": urgent.URGENT,
    "order": board.ORDERS,
    "missing": READINESS_ITEMS,
    "incident": get_args(IncidentCause),
    "topic": FEEDBACK_TOPICS,
    "rating": get_args(Rating),
    "feedback": ("practices", "proposals"),
    "standing": ("late", "left_early", *get_args(AttendanceState)),
    "standing.short": point.STATES,
    "cause": get_args(Cause),
    "request": leave_requests.STATES,
    "turn": ("approve", "decline", "absence_document", "absence_decision", "absence_withdrawal"),
    "inbox.done": ("approve", "decline"),
    "held.done": ("release", "dismiss"),
    "held.answer": ("release", "dismiss"),
    "board": board.CSV_COLUMNS,
    "register": {*person.REGISTER_COLUMNS, *person.DETAIL_COLUMNS},
    "setting": SettingBody.__struct_fields__,
    "fact": (
        "title",
        "starts_at",
        "ends_at",
        "grace_minutes",
        "points",
        *RosterPerson.__struct_fields__[1:],
    ),
    "position": COMMITTEE,
    "place_fact": ("name", "type", "unit", "capacity", "phone", "new"),
    "ended_why": (*END_REASONS, ANONYMOUS, MERGED, NOT_ON_THE_LIST),
    "attendance.state": SHOWN_STATES,
    "attendance.why": SHOWN_STATES[1:],
    **dict.fromkeys(
        (
            "lists.unmatched",
            "lists.unmatched_why",
            "lists.is",
            "lists.all",
            "lists.make",
            "lists.make_others",
            "lists.settled",
        ),
        ("units", "points"),
    ),
    "mode": MODES,
    "trend": trend.COLUMNS,
    "follow_up.state": STATES,
    "follow_up.set": STATES,
    "report.title": spec.KINDS,
    "report.file": spec.KINDS,
    "report.kind": spec.KINDS,
    "report.layout": LAYOUTS,
    "report.format": FORMATS,
    "report.draft.conduct": ("calls", "private_use", "disorder", "wrong_seat"),
    "report.draft.others": ("guests", "substitutes"),
    "report.draft.late": ("late", "left_early"),
    "report.draft.absent": ("absent_excused", "absent_unexcused", "not_recorded"),
    "report.part": [part for part, _ in document.PARTS],
    "report.column": Counts.__struct_fields__,
    "report.chair": ("secretary", "deputy", "none"),
    "report.minutes.chair": ("secretary", "deputy", "none"),
    "report.summary": ("summons", "certificate"),
    "report.certificate": ("online", "in_person"),
    "report.mode": get_args(Mode),
    "report.material_group": figures.MATERIAL_GROUPS,
    "report.minutes.sign": ("chair", "clerk"),
    "report.period.table": ("1", "2", "3"),
    "open_data": open_data.FIELDS,
    "report.note": get_args(figures.Note),
    "report.state": ("late", *get_args(AttendanceState)),
    "report.limit": (
        "silent",
        "not_recorded",
        "unexcused",
        "late",
        "left_early",
        "not_agreed",
        "phones",
        "disorder",
        "incidents",
        "no_chair",
        "not_ready",
        "open",
        "pending",
        "wrong_composition",
    ),
    "material_kind": get_args(MaterialKind),
    "people.roll": ("remove", "replace", "move", "update", "add"),
    "reason": REASONS,
    "duty": DUTIES,
    "heading": HEADINGS,
    "rank": RANKS,
    "membership": MEMBERSHIPS,
    "authority": arrangements.AUTHORITIES,
    "devices.concern": device_list.CONCERNS,
    "devices.tag": ("skew", "never", "old_app"),
    "seats.order": seats.ORDERS,
    "sheet": (
        *get_args(CellProblem),
        *get_args(FileProblem),
        *get_args(TableProblem),
        *LIST_PROBLEMS,
    ),
    "sheet.at": ("cell", "row", "column"),
    "column": {*USED, *ATTENDANCE_USED},
    "template": {*TEMPLATE_COLUMNS, *PLACE_COLUMNS},
    "cli.help": [path for command in COMMANDS for path, _ in command_parts(command)],
    "http": ("400", "413", "431", "500", "501", "503"),
}
"""Maps the first part of message keys to the codes that can follow it; for example, `role` and
`clerk` make the key `role.clerk`. Every such key needs a message."""


def sources(folder: str, *endings: str) -> str:
    paths = [p for end in endings for p in (ROOT / folder).rglob(f"*{end}")]
    return "\n".join(path.read_text("utf-8") for path in sorted(paths))


def test_the_server_s_catalogue_and_code_agree() -> None:
    code = sources("sync_server", ".py", ".html")
    quoted = set(re.findall(r"""["']([a-zA-Z0-9_.]+)["']""", code))
    literal = set(re.findall(r"""say\(\s*["']([a-z_.]+[a-z_])["']""", code))
    composed = {f"{stem}.{flag}" for stem in ("flag", "record_flag") for flag in FLAGS.split()}
    composed |= {f"missing.{item}" for item in (*READINESS_ITEMS, "chair", "capacity")}
    composed |= {f"office.state.{state}" for state in ("upcoming", "open", "opening", "closed")}
    for error in _all_errors(errors.AppError):
        composed |= {f"error.{error.code}", f"error.{error.code}.title"}
    composed |= {f"{stem}.{word}" for stem, words in CODES.items() for word in words}
    composed |= {f"field.{field}" for field in re.findall(r'forms\.\w+\(f?"(\w+)[" ]', code)}
    composed |= {f"field.{heading}" for heading in HEADINGS}
    composed |= {f"field.{part}_{duty}" for part in ("name", "phone") for duty in DUTIES}

    assert literal | composed <= set(catalogue())
    known = quoted | composed
    unused = [key for key in catalogue() if key not in known and not key.startswith("click.")]
    assert unused == []


def test_argparse_knows_the_words_that_we_translate_for_it() -> None:
    source = re.sub(r"'\s*'", "", Path(argparse.__file__).read_text("utf-8"))

    assert [word for word in site_catalogue()["argparse"] if word not in source] == []


def test_click_knows_the_words_that_we_translate_for_it() -> None:
    folder = Path(click.__file__).parent
    source = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    words = [key.removeprefix("click.") for key in catalogue() if key.startswith("click.")]

    assert len(words) > 30
    assert [word for word in words if f'"{word}"' not in source] == []


def test_every_error_has_a_code_of_its_own_and_says_when() -> None:
    error_classes = _all_errors(errors.AppError)

    assert len({error.code for error in error_classes}) == len(error_classes)
    assert all(error.__doc__ for error in error_classes)


def test_the_flags_that_the_rules_raise_all_have_words() -> None:
    code = sources("sync_server/domain", ".py")

    assert set(re.findall(r'flags\.add\([^,]+, "([a-z_]+)"\)', code)) == set(FLAGS.split())


def test_the_site_s_catalogue_and_code_agree() -> None:
    messages: dict[str, dict[str, str]] = json.loads(
        (ROOT / "site" / "messages.vi.json").read_text("utf-8")
    )
    python = sources("site", ".py", ".html") + Path(ROOT / "build.py").read_text("utf-8")
    scripts = sources("site/app", ".js")
    rooms = json.loads((ROOT / "site" / "messages.rooms.vi.json").read_text("utf-8"))
    del messages["argparse"]  # its keys are the words of argparse
    for surface, texts in [*messages.items(), ("desk", rooms)]:
        code = scripts if surface in {"kiosk", "desk"} else python + scripts
        unused = [key for key in texts if not _is_used(key, surface, code)]
        assert unused == [], surface


def _is_used(key: str, surface: str, code: str) -> bool:
    stem = key.rpartition(".")[0]
    forms = [f'"{surface}.{key}"', f"'{surface}.{key}'", f'"{key}"', f'["{key}"]', f"words.{key}"]
    # Some keys are built from a stem and a domain code, such as `kind.` + `CHI_THI`.
    forms += (
        [f'"{surface}.{stem}."', f"`{stem}.$", f'f"{surface}.{stem}.', f'nameOfCode("{stem}"']
        if stem
        else []
    )
    return any(form in code for form in forms)


def test_numbers_and_rates_are_written_as_in_vietnam() -> None:
    assert number(4950) == "4.950"
    assert rate(985, 1000) == "98,5 %"
    assert rate(0, 0) == "–"


def _all_errors(base: type[errors.AppError]) -> list[type[errors.AppError]]:
    return [
        error for subclass in base.__subclasses__() for error in (subclass, *_all_errors(subclass))
    ]


@pytest.mark.parametrize(
    ("part", "whole", "share"), [(1, 16, "6,3"), (49, 400, "12,3"), (1, 3, "33,3")]
)
def test_a_share_is_the_same_on_a_page_and_in_a_paper(part: int, whole: int, share: str) -> None:
    assert percent(part, whole) == f"{share}%"
    assert rate(part, whole) == f"{share} %"
