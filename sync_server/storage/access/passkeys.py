"""Store the passkeys of office accounts: public keys that prove who signs in (WebAuthn).

The private key never leaves the user's security key, telephone or computer, which asks for a
fingerprint or a PIN. A passkey therefore counts as two factors.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from sync_server.storage.models import PasskeyRow
from sync_server.storage.prepared import columns_of

MOST_PASSKEYS = 10
LONGEST_ID = 340
"""The greatest length in characters of a passkey's id: 255 bytes in base64url."""


class Passkey(NamedTuple):
    """A passkey of an account.

    `id` is the passkey's WebAuthn id in base64url, and `public_key` the key in the binary format
    COSE. `sign_count` is the number of uses that the user's security key, telephone or computer has
    reported, or 0 if it reports none. Times are in ms since 1970 UTC.
    """

    id: str
    account: str
    public_key: bytes
    sign_count: int
    name: str
    made_ms: int
    used_ms: int | None


_COLUMNS = columns_of(Passkey, PasskeyRow)


def add(connection: Connection, passkey: Passkey) -> None:
    """Store a new passkey. Raises: IntegrityError if a passkey with this id is stored already."""
    connection.execute(insert(PasskeyRow), [passkey._asdict()])


def of_account(connection: Connection, account: str) -> Sequence[Passkey]:
    """Return the passkeys of an account, the oldest first."""
    query = select(*_COLUMNS).where(PasskeyRow.account == account).order_by(PasskeyRow.made_ms)
    return [Passkey(*row) for row in connection.execute(query)]


def find(connection: Connection, passkey_id: str) -> Passkey | None:
    """Return the passkey with this id; None if it is unknown."""
    row = connection.execute(select(*_COLUMNS).where(PasskeyRow.id == passkey_id)).one_or_none()
    return Passkey(*row) if row else None


def mark_used(connection: Connection, passkey_id: str, sign_count: int, *, now_ms: int) -> None:
    """Store when a passkey was used, and how many uses its authenticator has reported."""
    values = {"sign_count": sign_count, "used_ms": now_ms}
    connection.execute(update(PasskeyRow).where(PasskeyRow.id == passkey_id).values(**values))


def remove(connection: Connection, passkey_id: str, account: str) -> None:
    """Delete a passkey of an account."""
    of_account = (PasskeyRow.id == passkey_id, PasskeyRow.account == account)
    connection.execute(delete(PasskeyRow).where(*of_account))


def remove_all(connection: Connection, account: str) -> None:
    """Delete all passkeys of an account."""
    connection.execute(delete(PasskeyRow).where(PasskeyRow.account == account))
