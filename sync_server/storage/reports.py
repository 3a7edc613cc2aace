"""Store every revision of the reports on meetings: its content, its author and its time."""

from typing import NamedTuple

import uuid_utils
from sqlalchemy import Connection, func, insert, select, update

from sync_server.storage.models import ReportRow
from sync_server.storage.prepared import columns_of


class StoredReport(NamedTuple):
    """One revision of a report on a meeting. Revisions are numbered from 1.

    Every meeting and every kind of report has a separate numbering. `kind` is the code of the kind.
    `spec` is the content of the report (JSON), from which its files are made. `by` is the account
    that made the revision at `made_ms` (ms since 1970 UTC).
    """

    id: str
    meeting: str
    kind: str
    revision: int
    by: str
    made_ms: int
    spec: bytes


_COLUMNS = columns_of(StoredReport, ReportRow)


def add(
    connection: Connection,
    meeting: str,
    kind: str,
    revision: int,
    by: str,
    spec: bytes,
    now_ms: int,
) -> str:
    """Store a new revision of a report on a meeting, and return the revision's id (UUIDv7).

    `kind` is the code of the kind of report, `revision` the number, and `spec` the content (JSON).
    `by` is the account that made the revision.

    Raises: IntegrityError if the meeting already has a revision with this number and kind.
    """
    row = StoredReport(str(uuid_utils.uuid7()), meeting, kind, revision, by, now_ms, spec)
    connection.execute(insert(ReportRow), [row._asdict()])
    return row.id


def put_spec(connection: Connection, report_id: str, spec: bytes) -> None:
    """Replace the content (JSON) of a report revision, for example when the report is signed."""
    connection.execute(update(ReportRow).where(ReportRow.id == report_id).values(spec=spec))


def find(connection: Connection, report_id: str) -> StoredReport | None:
    """Return the report revision with this id; None if there is none."""
    row = connection.execute(select(*_COLUMNS).where(ReportRow.id == report_id)).one_or_none()
    return StoredReport(*row) if row else None


def find_revision(
    connection: Connection, meeting: str, kind: str, revision: int
) -> StoredReport | None:
    """Return one revision of one kind of report on a meeting; None if it is not stored."""
    row = connection.execute(
        select(*_COLUMNS).where(
            ReportRow.meeting == meeting, ReportRow.kind == kind, ReportRow.revision == revision
        )
    ).one_or_none()
    return StoredReport(*row) if row else None


def latest(connection: Connection, meeting: str, kind: str) -> StoredReport | None:
    """Return the latest revision of one kind of report on a meeting; None if there is none."""
    query = select(*_COLUMNS).where(ReportRow.meeting == meeting, ReportRow.kind == kind)
    row = connection.execute(query.order_by(ReportRow.revision.desc()).limit(1)).one_or_none()
    return StoredReport(*row) if row else None


def of_meeting(connection: Connection, meeting: str) -> list[StoredReport]:
    """Return all revisions of all reports on a meeting, the newest first."""
    query = select(*_COLUMNS).where(ReportRow.meeting == meeting)
    rows = connection.execute(query.order_by(ReportRow.made_ms.desc(), ReportRow.id.desc()))
    return [StoredReport(*row) for row in rows]


def next_revision(connection: Connection, meeting: str, kind: str) -> int:
    """Return the number for the next revision of one kind of report on a meeting.

    The first revision has number 1.
    """
    last = connection.scalar(
        select(func.max(ReportRow.revision)).where(
            ReportRow.meeting == meeting, ReportRow.kind == kind
        )
    )
    return (last or 0) + 1
