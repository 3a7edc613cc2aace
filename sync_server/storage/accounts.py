"""Office accounts: names, roles, and passwords as argon2 hashes."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, delete, insert, select, update

from sync_server.domain.permissions import Profile
from sync_server.storage.models import Account
from sync_server.storage.tokens import OFFICE, hash_token, new_token

_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody")
"""Checked when the name is unknown, so that the answer takes as long as for a known one."""


def put(connection: Connection, name: str, role: Profile, password: str) -> None:
    """Make an account, or give an existing one this role and password; its token ends."""
    connection.execute(delete(Account).where(Account.name == name))
    connection.execute(
        insert(Account).values(name=name, role=role.value, password_hash=_hasher.hash(password))
    )


def check(connection: Connection, name: str, password: str) -> Profile | None:
    """Return the account's role if the password is right; the reason for a None is not told."""
    found = connection.execute(
        select(Account.role, Account.password_hash).where(Account.name == name)
    ).one_or_none()
    try:
        _hasher.verify(found.password_hash if found else _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return Profile(found.role) if found else None


def role_of(connection: Connection, name: str) -> Profile | None:
    """Return the account's role; None if it no longer exists."""
    role = connection.scalar(select(Account.role).where(Account.name == name))
    return Profile(role) if role else None


def renew_token(connection: Connection, name: str) -> str | None:
    """Make and return a bearer token for programs; the one before ends. None: no such account."""
    token = new_token(OFFICE)
    changed = connection.execute(
        update(Account).where(Account.name == name).values(token_hash=hash_token(token))
    )
    return token if changed.rowcount else None


def remove(connection: Connection, name: str) -> bool:
    """Remove an account, which signs it out everywhere; return False if there was none."""
    return connection.execute(delete(Account).where(Account.name == name)).rowcount == 1
