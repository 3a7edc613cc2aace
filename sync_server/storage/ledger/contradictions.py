"""Find contradictory records: different records that were received with the same id."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from sync_server.storage.ledger import streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.storage.models import LedgerRow


def find_contradictions(connection: Connection, keys: Iterable[StreamKey]) -> list[list[bytes]]:
    """Find different records that have the same id, and return them in groups.

    A key in `keys` is (meeting id, hall code). Only ids that occur more than once among the
    records made in these halls are considered. A group contains the canonical JSON bytes of all
    records with one id, sorted by their sha256.
    """
    groups = []
    for meeting, points in streams.by_meeting(keys).items():
        at = (LedgerRow.meeting == meeting, LedgerRow.point.in_(points))
        ids = connection.scalars(
            select(LedgerRow.id).where(*at).group_by(LedgerRow.id).having(func.count() > 1)
        ).all()
        for record_id in ids:
            forms = select(LedgerRow.record).where(LedgerRow.id == record_id)
            groups.append(list(connection.scalars(forms.order_by(LedgerRow.fingerprint))))
    return groups
