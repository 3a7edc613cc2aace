"""Quarantine: the bytes that were not let in, each once, with its reason. Nothing disappears."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection, insert, select

from sync_server.domain.door import Refusal, header_of
from sync_server.storage.models import QuarantineRow


class Kept(NamedTuple):
    """What goes into quarantine, under the sha256 of its bytes."""

    sha256: str
    raw: bytes
    fate: Literal["held", "refused"]
    reason: Refusal


def keep(connection: Connection, device: str, kept: Sequence[Kept], now_ms: int) -> set[str]:
    """Keep what was not let in, once each; return the hashes of what was kept before."""
    wanted = {each.sha256: each for each in kept}
    if not wanted:
        return set()
    before = set(
        connection.scalars(
            select(QuarantineRow.sha256).where(
                QuarantineRow.device == device, QuarantineRow.sha256.in_(sorted(wanted))
            )
        )
    )
    rows = [
        {
            "device": device,
            "sha256": sha256,
            "record_id": header_of(each.raw).id,
            "fate": each.fate,
            "code": each.reason.code,
            "detail": each.reason.detail.replace(
                "\x00", "\ufffd"
            ),  # no text of PostgreSQL holds it
            "received_ms": now_ms,
            "raw": each.raw,
        }
        for sha256, each in wanted.items()
        if sha256 not in before
    ]
    if rows:
        connection.execute(insert(QuarantineRow), rows)
    return before


class Held(NamedTuple):
    """What is kept of a record that was not let in, for who looks into it."""

    received_ms: int
    device: str
    sha256: str
    record_id: str | None
    fate: str
    code: str
    detail: str
    raw: bytes


_HELD = (
    QuarantineRow.received_ms,
    QuarantineRow.device,
    QuarantineRow.sha256,
    QuarantineRow.record_id,
    QuarantineRow.fate,
    QuarantineRow.code,
    QuarantineRow.detail,
    QuarantineRow.raw,
)


def everything(connection: Connection) -> list[Held]:
    """Return all that is kept, the oldest first."""
    rows = connection.execute(
        select(*_HELD).order_by(
            QuarantineRow.received_ms, QuarantineRow.device, QuarantineRow.sha256
        )
    )
    return [Held(*row) for row in rows]
