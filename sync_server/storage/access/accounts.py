"""Office accounts: names, roles, their scope (point, unit, person), and argon2 password hashes."""

from collections.abc import Sequence
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from msgspec import Struct
from sqlalchemy import Connection, case, delete, insert, select, update

from sync_server import sealing
from sync_server.domain.records.codes import DAY_MS
from sync_server.domain.records.door import OFFICE_DEVICE, Writer
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import sessions
from sync_server.storage.access.tokens import OFFICE, hash_token, new_token
from sync_server.storage.models import AccountRow
from sync_server.storage.prepared import columns_of

TOTP_DIGITS, TOTP_STEP_S = 6, 30
"""The values that every authenticator app uses (RFC 6238)."""

TOKEN_LIFE_MS = 180 * DAY_MS
"""How long a token for programs holds: a publisher renews it twice a year."""

_hasher = PasswordHasher()
_HASHING_SLOTS = BoundedSemaphore(2)
"""One hash takes 64 MB of memory, so simultaneous sign-ins take turns."""


class Account(Struct, frozen=True):
    """An office account. A chair has a point and a person's code, a unit's secretary has a unit.

    `must_change`: its password is somebody else's choice, and must be changed before anything else.
    `token_ends_ms`: until when its token for programs holds, 0 if it has none.
    """

    name: str
    role: Profile
    point: str | None = None
    unit: str | None = None
    person: str | None = None
    has_totp: bool = False
    must_change: bool = False
    token_ends_ms: int = 0

    @property
    def writer(self) -> Writer:
        """The writer of this account's records, which carry no `seq`: the office has no queue."""
        return Writer(f"{OFFICE_DEVICE}{self.name}", self.role, self.point, self.person)


_ACCOUNT_COLUMNS = columns_of(
    Account,
    AccountRow,
    has_totp=AccountRow.totp_secret.is_not(None),
    token_ends_ms=case((AccountRow.token_hash.is_not(None), AccountRow.token_ends_ms), else_=0),
)


def hash_password(password: str) -> str:
    """Return the hash of a password. It is slow on purpose: no transaction should wait for it."""
    with _HASHING_SLOTS:
        return _hasher.hash(password)


def put(connection: Connection, account: Account, password: str) -> None:
    """Create an account, or replace the account of that name, with this password.

    The earlier account's token, second factor and sessions end.
    """
    put_hashed(connection, account, hash_password(password), must_change=account.must_change)


def put_hashed(
    connection: Connection, account: Account, password_hash: str, *, must_change: bool
) -> None:
    """Create an account, or replace the one of that name, from the hash of its password."""
    remove(connection, account.name)
    connection.execute(
        insert(AccountRow).values(
            name=account.name,
            role=account.role.value,
            point=account.point,
            unit=account.unit,
            person=account.person,
            password_hash=password_hash,
            must_change=must_change,
        )
    )


def set_password(connection: Connection, name: str, password: str) -> None:
    """Replace an account's password by the user's choice, and end its token for programs."""
    statement = update(AccountRow).where(AccountRow.name == name)
    values = {
        "password_hash": hash_password(password),
        "must_change": False,
        "token_hash": None,
    }
    connection.execute(statement.values(values))


def account_with_password(connection: Connection, name: str, password: str) -> Account | None:
    """Return the account if the password is right, else None.

    An unknown name takes as long as a wrong password, so that nobody can tell them apart.
    """
    row = connection.execute(
        select(*_ACCOUNT_COLUMNS, AccountRow.password_hash).where(AccountRow.name == name)
    ).one_or_none()
    try:
        with _HASHING_SLOTS:
            _hasher.verify(row.password_hash if row else _nobody_hash(), password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return _account_of(*row[:-1]) if row else None


@cache
def _nobody_hash() -> str:
    """Return a hash to verify when the name is unknown, so that the answer takes as long."""
    return _hasher.hash("nobody")


def use_code(connection: Connection, name: str, code: str, seal_key: str, *, now_ms: int) -> bool:
    """Use up a one-time code; return whether it is right, or the account needs none.

    Raises: DetailUnreadable if the secret was sealed to another key.
    """
    sealed = connection.scalar(select(AccountRow.totp_secret).where(AccountRow.name == name))
    if sealed is None:
        return True
    secret = sealing.open_box(seal_key, sealed.encode()).decode()
    step = totp_step(secret, code, now_ms=now_ms)
    if step is None:
        return False
    statement = update(AccountRow).where(AccountRow.name == name, AccountRow.totp_step < step)
    return connection.execute(statement.values(totp_step=step)).rowcount == 1


def totp_of(secret: str) -> TOTP:
    """Return the generator of one-time codes for a secret (hexadecimal)."""
    key = bytes.fromhex(secret)
    return TOTP(key, TOTP_DIGITS, SHA1(), TOTP_STEP_S)  # noqa: S303 - authenticators use SHA-1


def totp_step(secret: str, code: str, *, now_ms: int) -> int | None:
    """Return the time step that a code belongs to; None if it belongs to none near the present."""
    step = now_ms // 1000 // TOTP_STEP_S
    for candidate in (step, step - 1, step + 1):  # a telephone may be half a minute off
        try:
            totp_of(secret).verify(code.strip().encode(), candidate * TOTP_STEP_S)
        except InvalidToken:
            continue
        return candidate
    return None


def set_totp(connection: Connection, name: str, sealed_secret: str | None, step: int = 0) -> None:
    """Require one-time codes of this secret, later than `step`'s; None ends the second factor."""
    statement = update(AccountRow).where(AccountRow.name == name)
    connection.execute(statement.values(totp_secret=sealed_secret, totp_step=step))


def find_account(connection: Connection, name: str) -> Account | None:
    """Return the account of this name; None if there is none."""
    row = connection.execute(select(*_ACCOUNT_COLUMNS).where(AccountRow.name == name)).one_or_none()
    return _account_of(*row) if row else None


def all_accounts(connection: Connection) -> Sequence[Account]:
    """Return all accounts, sorted by name."""
    return [
        _account_of(*row)
        for row in connection.execute(select(*_ACCOUNT_COLUMNS).order_by(AccountRow.name))
    ]


def account_of_token(connection: Connection, token: str, *, now_ms: int) -> Account | None:
    """Return the account that holds this bearer token; None if there is none, or it has ended."""
    holds_token = (AccountRow.token_hash == hash_token(token), AccountRow.token_ends_ms > now_ms)
    row = connection.execute(select(*_ACCOUNT_COLUMNS).where(*holds_token)).one_or_none()
    return _account_of(*row) if row else None


def renew_token(connection: Connection, name: str, *, now_ms: int) -> str | None:
    """Replace an account's bearer token for programs and return it. None: no such account.

    It holds for `TOKEN_LIFE_MS`.
    """
    token = new_token(OFFICE)
    values = {"token_hash": hash_token(token), "token_ends_ms": now_ms + TOKEN_LIFE_MS}
    result = connection.execute(update(AccountRow).where(AccountRow.name == name).values(values))
    return token if result.rowcount else None


def end_token(connection: Connection, name: str) -> None:
    """End an account's token for programs."""
    statement = update(AccountRow).where(AccountRow.name == name)
    connection.execute(statement.values(token_hash=None))


def remove(connection: Connection, name: str) -> bool:
    """Remove an account, which signs it out everywhere; return False if there was none."""
    sessions.end_all(connection, name)
    return connection.execute(delete(AccountRow).where(AccountRow.name == name)).rowcount == 1


def _account_of(
    name: str,
    role: str,
    point: str | None,
    unit: str | None,
    person: str | None,
    has_totp: bool,
    must_change: bool,
    token_ends_ms: int,
) -> Account:
    return Account(name, Profile(role), point, unit, person, has_totp, must_change, token_ends_ms)
