"""Store the office accounts, and check passwords, one-time codes and tokens.

Office accounts are for the web pages of headquarters, chairs of meetings and other staff. Passwords
are stored as argon2 hashes. The module `sessions` stores the browser sessions.
"""

from collections.abc import Sequence
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from msgspec import Struct
from sqlalchemy import Connection, case, delete, exists, insert, select, update

from sync_server import sealing
from sync_server.domain.records.codes import DAY_MS
from sync_server.domain.records.door import OFFICE_DEVICE, Writer
from sync_server.domain.records.permissions import Profile
from sync_server.storage.access import passkeys, sessions
from sync_server.storage.access.tokens import OFFICE, hash_token, new_token
from sync_server.storage.models import AccountRow, PasskeyRow
from sync_server.storage.prepared import columns_of

TOTP_DIGITS, TOTP_STEP_S = 6, 30
"""One-time codes have 6 digits and change every 30 s, as authenticator apps expect (RFC 6238)."""

TOKEN_LIFE_MS = 180 * DAY_MS
"""The time in ms for which an API token is valid: 180 days. A program that publishes the portal
(the public website) therefore needs a new token about twice a year."""

_hasher = PasswordHasher()
_HASHING_SLOTS = BoundedSemaphore(2)
"""The semaphore that limits the hashing of passwords to two at a time, because one argon2 hash
takes 64 MB of memory."""


class Account(Struct, frozen=True):
    """An account for the office pages (the staff's web pages), without its password.

    For a chair (who presides in a hall), `point` is the code of the hall and `person` the chair's
    person code. For the secretary of a unit, `unit` is the code of the unit. In all other accounts,
    these fields are None. `has_totp`: signing in also needs a one-time code. `must_change`:
    somebody else chose the password, so the user must change it first. `token_ends_ms`: when the
    API token expires, in ms since 1970 UTC, or 0 if the account has no token. `has_passkey`: the
    user can sign in with a passkey.
    """

    name: str
    role: Profile
    point: str | None = None
    unit: str | None = None
    person: str | None = None
    has_totp: bool = False
    must_change: bool = False
    token_ends_ms: int = 0
    has_passkey: bool = False

    @property
    def has_second_factor(self) -> bool:
        """Whether the account has a second factor: one-time codes or a passkey."""
        return self.has_totp or self.has_passkey

    @property
    def writer(self) -> Writer:
        """The sender code and the rights under which this account writes records.

        The sender code is `O-` plus the account's name. It takes the place of a device code.
        """
        return Writer(f"{OFFICE_DEVICE}{self.name}", self.role, self.point, self.person)


_ACCOUNT_COLUMNS = columns_of(
    Account,
    AccountRow,
    has_totp=AccountRow.totp_secret.is_not(None),
    token_ends_ms=case((AccountRow.token_hash.is_not(None), AccountRow.token_ends_ms), else_=0),
    has_passkey=exists().where(PasskeyRow.account == AccountRow.name),
)


def hash_password(password: str) -> str:
    """Return the argon2 hash of a password, as it is stored.

    Hashing is slow on purpose. If possible, call this function before a transaction begins.
    """
    with _HASHING_SLOTS:
        return _hasher.hash(password)


def put(connection: Connection, account: Account, password: str) -> None:
    """Create an account with this password, or replace the account of the same name.

    Replacing an account ends its sessions and deletes its token and its second factor.
    """
    put_hashed(connection, account, hash_password(password), must_change=account.must_change)


def put_hashed(
    connection: Connection, account: Account, password_hash: str, *, must_change: bool
) -> None:
    """Create or replace an account, given the argon2 hash of its password.

    Replacing an account ends its sessions and deletes its token and its second factor. The argument
    `must_change` is stored; the field of the same name in `account` is ignored.
    """
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
    """Store the password that a user has chosen, and delete the account's API token.

    The user no longer needs to change the password. `password` is in plain text, but only its hash
    is stored. If no account has this name, nothing changes.
    """
    statement = update(AccountRow).where(AccountRow.name == name)
    values = {
        "password_hash": hash_password(password),
        "must_change": False,
        "token_hash": None,
    }
    connection.execute(statement.values(values))


def account_with_password(connection: Connection, name: str, password: str) -> Account | None:
    """Return the account of this name if the password is right; otherwise return None.

    The check takes as long for an unknown name as for a wrong password, so the response time does
    not reveal which names exist.
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
    """Return the hash against which a password is checked if no account has the given name.

    The check then takes as long as for an existing account.
    """
    return _hasher.hash("nobody")


def use_one_time_code(
    connection: Connection, name: str, code: str, seal_key: str, *, now_ms: int
) -> bool:
    """Return whether a one-time code is right; if it is, mark the code as used.

    A code is accepted only once. If the account does not use one-time codes, any code is accepted.
    `seal_key` (the setting `SEAL_KEY`) decrypts the account's stored secret.

    Raises: DetailUnreadable if the secret was encrypted with another key.
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
    """Return the one-time code generator (RFC 6238) for a secret in hexadecimal."""
    key = bytes.fromhex(secret)
    return TOTP(key, TOTP_DIGITS, SHA1(), TOTP_STEP_S)  # noqa: S303 - authenticators use SHA-1


def totp_step(secret: str, code: str, *, now_ms: int) -> int | None:
    """Return the number of the 30 s time step to which a code belongs; None if the code is wrong.

    Time steps are counted from 1970 UTC. A telephone's clock may be 30 s wrong, so the step at
    `now_ms`, the step before it and the step after it are tried. `secret` is in hexadecimal.
    """
    step = now_ms // 1000 // TOTP_STEP_S
    for candidate in (step, step - 1, step + 1):  # a telephone's clock may be 30 s wrong
        try:
            totp_of(secret).verify(code.strip().encode(), candidate * TOTP_STEP_S)
        except InvalidToken:
            continue
        return candidate
    return None


def totp_changed_ms(connection: Connection, name: str) -> int:
    """Return when an account's one-time code was last used, set up or switched off.

    The time is in ms since 1970 UTC, rounded down to 30 s; 0 means never.
    """
    step = connection.scalar(select(AccountRow.totp_step).where(AccountRow.name == name)) or 0
    return step * TOTP_STEP_S * 1000


def sealed_totp_secrets(connection: Connection) -> dict[str, str]:
    """Return {account name: encrypted secret for one-time codes}."""
    rows = connection.execute(select(AccountRow.name, AccountRow.totp_secret))
    return {name: secret for name, secret in rows if secret}


def replace_totp_secret(connection: Connection, name: str, sealed_secret: str) -> None:
    """Replace an account's stored secret for one-time codes by a newly encrypted copy.

    `sealed_secret` is the same secret, encrypted with headquarters' present key.
    """
    statement = update(AccountRow).where(AccountRow.name == name)
    connection.execute(statement.values(totp_secret=sealed_secret))


def set_totp(connection: Connection, name: str, sealed_secret: str | None, step: int = 0) -> None:
    """Store the encrypted secret for an account's one-time codes; None turns the codes off.

    A one-time code belongs to a time step of 30 s, counted from 1970 UTC. Codes of step `step` and
    of earlier steps are refused, so that a code cannot be used twice.
    """
    statement = update(AccountRow).where(AccountRow.name == name)
    connection.execute(statement.values(totp_secret=sealed_secret, totp_step=step))


def find_account(connection: Connection, name: str) -> Account | None:
    """Return the account of this name; None if no account has it."""
    row = connection.execute(select(*_ACCOUNT_COLUMNS).where(AccountRow.name == name)).one_or_none()
    return _account_of(*row) if row else None


def all_accounts(connection: Connection) -> Sequence[Account]:
    """Return all accounts, sorted by name."""
    return [
        _account_of(*row)
        for row in connection.execute(select(*_ACCOUNT_COLUMNS).order_by(AccountRow.name))
    ]


def account_of_token(connection: Connection, token: str, *, now_ms: int) -> Account | None:
    """Return the account with this API token; None if the token is unknown or has expired.

    Also return None while the account's user must change the password. `token` is in plain text, as
    the calling program sends it.
    """
    holds_token = (
        AccountRow.token_hash == hash_token(token),
        AccountRow.token_ends_ms > now_ms,
        AccountRow.must_change.is_(False),
    )
    row = connection.execute(select(*_ACCOUNT_COLUMNS).where(*holds_token)).one_or_none()
    return _account_of(*row) if row else None


def renew_token(connection: Connection, name: str, *, now_ms: int) -> str | None:
    """Give an account a new API token and return the token; None if the name is unknown.

    The new token is valid for 180 days. The account's old token stops working.
    """
    token = new_token(OFFICE)
    values = {"token_hash": hash_token(token), "token_ends_ms": now_ms + TOKEN_LIFE_MS}
    result = connection.execute(update(AccountRow).where(AccountRow.name == name).values(values))
    return token if result.rowcount else None


def end_token(connection: Connection, name: str) -> None:
    """Delete an account's API token; requests with this token are refused from then on."""
    statement = update(AccountRow).where(AccountRow.name == name)
    connection.execute(statement.values(token_hash=None))


def remove(connection: Connection, name: str) -> bool:
    """Delete an account with its passkeys, and end its sessions.

    Return False if no account has this name.
    """
    sessions.end_all(connection, name)
    passkeys.remove_all(connection, name)
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
    has_passkey: bool,
) -> Account:
    return Account(
        name, Profile(role), point, unit, person, has_totp, must_change, token_ends_ms, has_passkey
    )
