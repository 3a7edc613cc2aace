"""The written evaluation of a meeting, by the headings of the report. All versions stay."""

from typing import Literal, NamedTuple, get_args

import uuid_utils
from sqlalchemy import Connection, insert, select

from sync_server.storage.models import Remark

Heading = Literal[
    "organisation",
    "numbers",
    "quality",
    "facilities",
    "good_practice",
    "limits",
    "causes",
    "tasks",
    "proposals",
]
HEADINGS: tuple[Heading, ...] = get_args(Heading)
"""The sections of the report, parts I to V; good practice is checklist row 21."""


class RemarkLine(NamedTuple):
    """What an author wrote under one heading of the evaluation, and when.

    `draft`: the text that the program proposed from the figures at that time; if it would propose
    another now, the figures have changed.
    """

    heading: str
    text: str
    by: str
    at_ms: int
    draft: str = ""


def add(connection: Connection, meeting: str, line: RemarkLine) -> None:
    """Add a version of the text under a heading."""
    values = line._asdict() | {"id": str(uuid_utils.uuid7()), "meeting": meeting}
    connection.execute(insert(Remark).values(values))


def latest(connection: Connection, meeting: str) -> dict[str, RemarkLine]:
    """Return the latest text by heading."""
    rows = connection.execute(
        select(Remark.heading, Remark.text, Remark.by, Remark.at_ms, Remark.draft)
        .where(Remark.meeting == meeting)
        .order_by(Remark.at_ms, Remark.id)
    )
    return {row.heading: RemarkLine(*row) for row in rows}
