"""Accounts for many halls or units at once: a chair's for a Secretary, a unit's for its secretary.

Each gets a first password to be printed, which must be changed at the first sign-in.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from sync_server.database import reading, write
from sync_server.domain.records.permissions import Profile
from sync_server.storage import directory
from sync_server.storage.access import accounts
from sync_server.storage.access.accounts import Account
from sync_server.storage.access.tokens import new_first_password
from sync_server.storage.people import roster


class Slip(NamedTuple):
    """A new account with its first password, which is shown only once."""

    account: Account
    password: str


class AccountBatch(NamedTuple):
    """What was made: slips to print, accounts that exist already, places without a Secretary."""

    slips: list[Slip]
    existing: list[str]
    without_secretary: list[str]


def chairs_of(connection: Connection, points: Iterable[str], *, at_ms: int) -> dict[str, str]:
    """Return the Secretaries of the points' units: {point: person}; some points have none."""
    units = directory.units_of_points(connection, points)
    chairs = {}
    for point, unit in sorted(units.items()):
        officers = roster.officers_of(connection, unit, first=(), at_ms=at_ms)
        if secretary := next((code for code, office in officers if office == "secretary"), None):
            chairs[point] = secretary
    return chairs


def chair_accounts(pairs: Sequence[tuple[str, str]]) -> list[Account]:
    """Return the accounts of chairs, given as (point, person)."""
    named: list[Account] = []
    for point, person in pairs:
        name = f"chutri-{point.lower()}"
        if any(account.name == name for account in named):
            name = f"{name}-{person.lower()}"
        named.append(Account(name, Profile.CHAIR, point=point, person=person))
    return named


def secretary_accounts(units: Iterable[str]) -> list[Account]:
    """Return the accounts of units' secretaries."""
    return [Account(f"bithu-{unit.lower()}", Profile.SECRETARY, unit=unit) for unit in units]


def make(wanted: Sequence[Account], *, renews: bool) -> AccountBatch:
    """Make accounts that do not exist yet.

    `renews`: those that exist with the same role and place get a new password.

    Hashing is slow, so every account is written in a separate transaction.
    """
    with reading() as connection:
        stored: Mapping[str, Account] = {
            account.name: account for account in accounts.all_accounts(connection)
        }
    made = AccountBatch([], [], [])
    for account in wanted:
        before = stored.get(account.name)
        is_same = before is not None and _scope(before) == _scope(account)
        if before is not None and not (renews and is_same):
            made.existing.append(account.name)
            continue
        password = new_first_password()
        password_hash = accounts.hash_password(password)
        write(
            partial(
                accounts.put_hashed,
                account=account,
                password_hash=password_hash,
                must_change=True,
            )
        )
        made.slips.append(Slip(account, password))
    return made


def _scope(account: Account) -> tuple[object, ...]:
    return account.role, account.point, account.unit, account.person
