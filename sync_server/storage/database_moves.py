"""Copy all rows of an SQLite database into another database, such as one in PostgreSQL.

The copying can be interrupted and started again, and repeated while halls keep sending: attendance
records, rows of the audit log and uploaded content that the other database already has are not
copied again; all other tables are replaced. The other database gets the same epoch (a random code
that identifies a database), so devices do not read all records again.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, delete, func, insert, select

from sync_server.database import Base
from sync_server.storage.models import AuditRow, Blob, BlobPiece, LedgerRow, Node, Stream

ROWS_AT_ONCE = 2_000
PIECES_AT_ONCE = 16
"""The number of pieces of uploaded content that are copied in one transaction. A piece has up to 1
MiB.
"""
_TABLES = Base.metadata.tables
_LEDGER, _AUDIT = _TABLES[LedgerRow.__tablename__], _TABLES[AuditRow.__tablename__]
_BLOBS, _PIECES = _TABLES[Blob.__tablename__], _TABLES[BlobPiece.__tablename__]
_APPENDED = (_LEDGER, _AUDIT, _PIECES)

Progress = Callable[[int], None]


class OtherDatabase(Exception):
    """Raised if the database into which rows are to be copied holds records of a different
    database.
    """


def count_rows(source: Connection) -> int:
    """Return the total number of rows in all tables of the database `source`.

    A move into an empty database copies all of them.
    """
    tables = Base.metadata.sorted_tables
    return sum(source.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def move(source: Connection, target: Engine, progress: Progress) -> None:
    """Make the database `target` hold exactly what `source` holds.

    `source` must show the same data during the whole move; `target` has the same tables.
    `progress` is called with the number of rows just copied. Records, rows of the audit log and
    uploaded content are written in short transactions, and all other tables in one last
    transaction. Raises: OtherDatabase if `target` has another epoch (random code of a
    database).
    """
    with target.connect() as connection:
        epochs = {database.scalar(select(Node.epoch)) for database in (source, connection)}
        if connection.scalar(select(Node.epoch)) is not None and len(epochs) > 1:
            raise OtherDatabase
    for batch in _new_records(source, target):
        _append(target, _LEDGER, batch, progress)
    with target.connect() as connection:
        last = connection.scalar(select(func.max(AuditRow.number))) or 0
    entries = select(_AUDIT).where(AuditRow.number > last).order_by(AuditRow.number)
    for batch in source.execute(entries).partitions(ROWS_AT_ONCE):
        _append(target, _AUDIT, batch, progress)
    _move_pieces(source, target, progress)
    with target.begin() as connection:
        for table in Base.metadata.sorted_tables:
            if table in _APPENDED:
                continue
            connection.execute(delete(table))
            for batch in source.execute(select(table)).partitions(ROWS_AT_ONCE):
                connection.execute(insert(table), [dict(row._mapping) for row in batch])
                progress(len(batch))


def _append(target: Engine, table: Table, rows: Sequence[Row[Any]], progress: Progress) -> None:
    with target.begin() as connection:
        connection.execute(insert(table), [dict(row._mapping) for row in rows])
    progress(len(rows))


def _new_records(source: Connection, target: Engine) -> Iterator[Sequence[Row[Any]]]:
    """Yield, in batches, the records that the database `target` still lacks.

    The records of one hall at one meeting have ascending numbers, so the missing ones are those
    after the highest number in `target`.
    """
    highest = select(LedgerRow.meeting, LedgerRow.point, func.max(LedgerRow.position))
    with target.connect() as connection:
        rows = connection.execute(highest.group_by(LedgerRow.meeting, LedgerRow.point))
        arrived = {(meeting, point): position for meeting, point, position in rows}
    streams = source.execute(select(Stream.meeting, Stream.point)).all()
    batch: list[Row[Any]] = []
    for meeting, point in streams:
        query = select(_LEDGER).where(
            LedgerRow.meeting == meeting,
            LedgerRow.point == point,
            LedgerRow.position > arrived.get((meeting, point), 0),
        )
        batch += source.execute(query.order_by(LedgerRow.position)).all()
        if len(batch) >= ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _move_pieces(source: Connection, target: Engine, progress: Progress) -> None:
    """Copy the content of every blob that is new or has changed since the last move.

    A blob is large content, uploaded in pieces. The content of blobs that `source` no longer
    has is deleted from `target`.
    """
    blobs = select(_BLOBS)
    with target.connect() as connection:
        arrived = {tuple(row) for row in connection.execute(blobs)}
        keys = connection.execute(select(BlobPiece.sha256, BlobPiece.owner).distinct())
        has_pieces = {(sha256, owner) for sha256, owner in keys}
    kept = set()
    for blob in source.execute(blobs).all():
        key = (blob.sha256, blob.owner)
        kept.add(key)
        if tuple(blob) in arrived and (key in has_pieces or blob.is_purged):
            continue
        of_blob = (BlobPiece.sha256 == blob.sha256, BlobPiece.owner == blob.owner)
        with target.begin() as connection:
            connection.execute(delete(_PIECES).where(*of_blob))
        query = select(_PIECES).where(*of_blob).order_by(BlobPiece.position)
        for batch in source.execute(query).partitions(PIECES_AT_ONCE):
            _append(target, _PIECES, batch, progress)
    with target.begin() as connection:
        for sha256, owner in has_pieces - kept:
            is_gone = (BlobPiece.sha256 == sha256, BlobPiece.owner == owner)
            connection.execute(delete(_PIECES).where(*is_gone))
