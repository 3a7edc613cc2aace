"""Office accounts: names, roles, what each is held to, and passwords as argon2 hashes."""

from collections.abc import Sequence
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.door import OFFICE_DEVICE, Writer
from sync_server.domain.permissions import Profile
from sync_server.storage import sessions
from sync_server.storage.models import Account
from sync_server.storage.tokens import OFFICE, hash_token, new_token

TOTP_DIGITS, TOTP_STEP_S = 6, 30
"""As every authenticator has them (RFC 6238)."""

_hasher = PasswordHasher()
_AT_ONCE = BoundedSemaphore(2)
"""Each hash takes 64 MB: many who sign in at once wait for each other."""
_NOBODY = _hasher.hash("nobody")
"""Checked when the name is unknown, so that the answer takes as long as for a known one."""


class Who(Struct, frozen=True):
    """An account: a chair has a point and is a person, a unit's secretary has a unit."""

    name: str
    role: Profile
    point: str | None = None
    unit: str | None = None
    person: str | None = None
    has_totp: bool = False

    @property
    def writer(self) -> Writer:
        """As what this account writes records: without numbers, having no queue to lose."""
        return Writer(f"{OFFICE_DEVICE}{self.name}", self.role, self.point, self.person)


_WHO = (
    Account.name,
    Account.role,
    Account.point,
    Account.unit,
    Account.person,
    Account.totp_secret.is_not(None),
)


def put(connection: Connection, who: Who, password: str) -> None:
    """Make an account, or make an existing one this, with this password.

    Its token, its second factor and its sessions end.
    """
    remove(connection, who.name)
    connection.execute(
        insert(Account).values(
            name=who.name,
            role=who.role.value,
            point=who.point,
            unit=who.unit,
            person=who.person,
            password_hash=_hasher.hash(password),
        )
    )


def set_password(connection: Connection, name: str, password: str) -> None:
    """Give an account another password."""
    changed = update(Account).where(Account.name == name)
    connection.execute(changed.values(password_hash=_hasher.hash(password)))


def check(connection: Connection, name: str, password: str) -> Who | None:
    """Return the account if the password is right. A None tells no reason, and takes as long."""
    found = connection.execute(
        select(*_WHO, Account.password_hash).where(Account.name == name)
    ).one_or_none()
    try:
        with _AT_ONCE:
            _hasher.verify(found.password_hash if found else _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return _who(*found[:6]) if found else None


def use_code(connection: Connection, name: str, code: str, *, now_ms: int) -> bool:
    """Say whether a one-time code is right, and use it up; any is where the account asks none."""
    secret = connection.scalar(select(Account.totp_secret).where(Account.name == name))
    if secret is None:
        return True
    step = totp_step(secret, code, now_ms=now_ms)
    if step is None:
        return False
    used = update(Account).where(Account.name == name, Account.totp_step < step)
    return connection.execute(used.values(totp_step=step)).rowcount == 1


def totp_of(secret: str) -> TOTP:
    """Return what makes the one-time codes of a secret (hexadecimal)."""
    key = bytes.fromhex(secret)
    return TOTP(key, TOTP_DIGITS, SHA1(), TOTP_STEP_S)  # noqa: S303 - what authenticators speak


def totp_step(secret: str, code: str, *, now_ms: int) -> int | None:
    """Return the time step that a code is of; None where it is of none near the present."""
    step = now_ms // 1000 // TOTP_STEP_S
    for each in (step, step - 1, step + 1):  # a telephone may be half a minute off
        try:
            totp_of(secret).verify(code.strip().encode(), each * TOTP_STEP_S)
        except InvalidToken:
            continue
        return each
    return None


def set_totp(connection: Connection, name: str, secret: str | None, step: int = 0) -> None:
    """Ask for one-time codes of this secret from now on, later than `step`'s; None: for none."""
    changed = update(Account).where(Account.name == name)
    connection.execute(changed.values(totp_secret=secret, totp_step=step))


def who_is(connection: Connection, name: str) -> Who | None:
    """Return an account; None if there is none of that name."""
    row = connection.execute(select(*_WHO).where(Account.name == name)).one_or_none()
    return _who(*row) if row else None


def everybody(connection: Connection) -> Sequence[Who]:
    """Return all accounts, by name."""
    return [_who(*row) for row in connection.execute(select(*_WHO).order_by(Account.name))]


def of_token(connection: Connection, token: str) -> Who | None:
    """Return whose bearer token this is."""
    own = Account.token_hash == hash_token(token)
    row = connection.execute(select(*_WHO).where(own)).one_or_none()
    return _who(*row) if row else None


def renew_token(connection: Connection, name: str) -> str | None:
    """Make and return a bearer token for programs; the one before ends. None: no such account."""
    token = new_token(OFFICE)
    changed = connection.execute(
        update(Account).where(Account.name == name).values(token_hash=hash_token(token))
    )
    return token if changed.rowcount else None


def remove(connection: Connection, name: str) -> bool:
    """Remove an account, which signs it out everywhere; return False if there was none."""
    sessions.end_all(connection, name)
    return connection.execute(delete(Account).where(Account.name == name)).rowcount == 1


def _who(
    name: str,
    role: str,
    point: str | None,
    unit: str | None,
    person: str | None,
    has_totp: bool,
) -> Who:
    return Who(name, Profile(role), point, unit, person, has_totp)
