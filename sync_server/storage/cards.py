"""Personal cards: a random code that is printed once and kept only as a hash."""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select

from sync_server.storage.models import Card

DIGITS = 24
"""Of a code: 79 bits. Digits alone pass a USB scanner while a Vietnamese input method is on."""

HASH_BYTES = 12
CHUNK = 1_000
"""People to a statement: well below every engine's bound on parameters."""


def hash_of(code: str) -> str:
    """Return what is kept of a code, and told to kiosks: 96 bits of its sha256, in base64url."""
    digest = hashlib.sha256(code.encode()).digest()[:HASH_BYTES]
    return base64.urlsafe_b64encode(digest).decode()


def issue(connection: Connection, people: Sequence[str], *, now_ms: int) -> dict[str, str]:
    """Give each person a new card and return its code; the card before is refused from now on."""
    codes = {each: "".join(secrets.choice("0123456789") for _ in range(DIGITS)) for each in people}
    for chunk in _chunks(people):
        connection.execute(delete(Card).where(Card.person.in_(chunk)))
        rows = [
            {"person": each, "code_hash": hash_of(codes[each]), "issued_ms": now_ms}
            for each in chunk
        ]
        connection.execute(insert(Card), rows)
    return codes


def hashes_of(connection: Connection, people: Iterable[str]) -> dict[str, str]:
    """Return the hash of each person's present card; nothing of those who have none."""
    found: dict[str, str] = {}
    for chunk in _chunks(sorted(set(people))):
        rows = connection.execute(select(Card.person, Card.code_hash).where(Card.person.in_(chunk)))
        found |= dict(rows.all())
    return found


def _chunks(people: Sequence[str]) -> Iterable[Sequence[str]]:
    return (people[start : start + CHUNK] for start in range(0, len(people), CHUNK))
