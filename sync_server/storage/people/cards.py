"""Personal cards: a random code, printed once and stored only as a hash."""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select

from sync_server.domain.shared import SHARED
from sync_server.storage.models import Card
from sync_server.storage.prepared import in_chunks

DIGITS = SHARED.card_digits
"""24 digits are 79 bits, and pass a USB scanner while a Vietnamese input method is on."""

HASH_BYTES = 12


def hash_of(code: str) -> str:
    """Return the hash of a code as stored and sent to kiosks: 96 bits of its sha256, base64url."""
    digest = hashlib.sha256(code.encode()).digest()[:HASH_BYTES]
    return base64.urlsafe_b64encode(digest).decode()


def issue(connection: Connection, people: Sequence[str], *, now_ms: int) -> dict[str, str]:
    """Issue new cards to people and return the codes by person; earlier cards end at once."""
    codes = {
        person: "".join(secrets.choice("0123456789") for _ in range(DIGITS)) for person in people
    }
    for chunk in in_chunks(people):
        connection.execute(delete(Card).where(Card.person.in_(chunk)))
        rows = [
            {"person": person, "code_hash": hash_of(codes[person]), "issued_ms": now_ms}
            for person in chunk
        ]
        connection.execute(insert(Card), rows)
    return codes


def hashes_of(connection: Connection, people: Iterable[str]) -> dict[str, str]:
    """Return the hashes of people's present cards, by person; people without one are left out."""
    hashes: dict[str, str] = {}
    for chunk in in_chunks(sorted(set(people))):
        rows = connection.execute(select(Card.person, Card.code_hash).where(Card.person.in_(chunk)))
        hashes |= dict(rows.all())
    return hashes
