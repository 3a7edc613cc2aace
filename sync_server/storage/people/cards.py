"""Issue personal cards, which identify people at the entrance of a hall.

The random code on a card is printed once and stored only as a hash.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select

from sync_server.domain.shared import SHARED
from sync_server.storage.models import Card
from sync_server.storage.prepared import in_chunks

DIGITS = SHARED.card_digits
"""The number of digits in a card's code. 24 digits give 79 random bits. A code has no letters,
because a USB scanner types letters wrongly on a computer that is set to Vietnamese."""

HASH_BYTES = 12


def hash_of(code: str) -> str:
    """Return the hash of a personal card's code, as stored and as sent to the devices in halls.

    The hash is the first 96 bits of the code's sha256, in base64url.
    """
    digest = hashlib.sha256(code.encode()).digest()[:HASH_BYTES]
    return base64.urlsafe_b64encode(digest).decode()


def issue(connection: Connection, people: Sequence[str], *, now_ms: int) -> dict[str, str]:
    """Issue new cards to people, and return {person code: code to print on the card}.

    The old cards of these people stop working at once.
    """
    codes = {
        person: "".join(secrets.choice("0123456789") for _ in range(DIGITS)) for person in people
    }
    withdraw(connection, people)
    for chunk in in_chunks(people):
        rows = [
            {"person": person, "code_hash": hash_of(codes[person]), "issued_ms": now_ms}
            for person in chunk
        ]
        connection.execute(insert(Card), rows)
    return codes


def issued_ms(connection: Connection, person: str) -> int | None:
    """Return when a person's valid card was issued, in ms since 1970 UTC; None without a card."""
    return connection.scalar(select(Card.issued_ms).where(Card.person == person))


def withdraw(connection: Connection, people: Sequence[str]) -> None:
    """Make the cards of these people invalid."""
    for chunk in in_chunks(people):
        connection.execute(delete(Card).where(Card.person.in_(chunk)))


def hashes_of(connection: Connection, people: Iterable[str]) -> dict[str, str]:
    """Return {person code: hash of the person's valid card} for these people.

    People without a valid card are left out.
    """
    hashes: dict[str, str] = {}
    for chunk in in_chunks(sorted(set(people))):
        rows = connection.execute(select(Card.person, Card.code_hash).where(Card.person.in_(chunk)))
        hashes |= dict(rows.all())
    return hashes
