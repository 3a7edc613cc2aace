"""Store the written evaluation of a meeting: one text for every heading in the report.

All versions of a text stay in the database.
"""

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
"""The codes of the headings in a meeting's evaluation, in the order of the report. There is a
heading for good practice, because new and creative ways of working must be reported
(docs/checklist.md, row 21).
"""


class EvaluationText(NamedTuple):
    """One version of the text under a heading of a meeting's evaluation.

    `heading` is a code such as `limits`. `by` is the account that wrote the text at `at_ms` (ms
    since 1970 UTC). `draft` is the text that the program proposed from the figures at that time. If
    the program now proposes a different text, the figures have changed.
    """

    heading: str
    text: str
    by: str
    at_ms: int
    draft: str = ""


def add(connection: Connection, meeting: str, line: EvaluationText) -> None:
    """Store a new version of the text under one heading of a meeting's evaluation.

    `meeting` is the meeting's id. Older versions of the text stay in the database.
    """
    values = line._asdict() | {"id": str(uuid_utils.uuid7()), "meeting": meeting}
    connection.execute(insert(Remark).values(values))


def latest(connection: Connection, meeting: str) -> dict[str, EvaluationText]:
    """Return {heading code: latest text under the heading} of a meeting's evaluation.

    Headings without a text are left out.
    """
    rows = connection.execute(
        select(Remark.heading, Remark.text, Remark.by, Remark.at_ms, Remark.draft)
        .where(Remark.meeting == meeting)
        .order_by(Remark.at_ms, Remark.id)
    )
    return {row.heading: EvaluationText(*row) for row in rows}
