"""Create accounts for many halls or units at once.

The account of a hall is for the Secretary who chairs the meeting there. The account of a unit is
for the unit's secretary. Every new account gets a first password for printing, which must be
changed
at the first sign-in.
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
    """A new account and its first password, for printing. The password is shown only once."""

    account: Account
    password: str


class AccountBatch(NamedTuple):
    """The result of creating accounts.

    `slips`: accounts that got a first password. `existing`: names of accounts left unchanged.
    `without_secretary`: codes of points whose unit has no Secretary.
    """

    slips: list[Slip]
    existing: list[str]
    without_secretary: list[str]


def chairs_of(connection: Connection, points: Iterable[str], *, at_ms: int) -> dict[str, str]:
    """Return the person code of the Secretary of every point's unit, by point code.

    Points whose unit has no Secretary at `at_ms` are left out.
    """
    units = directory.units_of_points(connection, points)
    chairs = {}
    for point, unit in sorted(units.items()):
        officers = roster.officers_of(connection, unit, first=(), at_ms=at_ms)
        if secretary := next((code for code, office in officers if office == "secretary"), None):
            chairs[point] = secretary
    return chairs


def chair_accounts(pairs: Sequence[tuple[str, str]]) -> list[Account]:
    """Return a chair's account for each (point, person), without storing it.

    Its name is `chutri-` and the point's code. If two names are equal, the second also contains the
    person's code.
    """
    named: list[Account] = []
    for point, person in pairs:
        name = f"chutri-{point.lower()}"
        if any(account.name == name for account in named):
            name = f"{name}-{person.lower()}"
        named.append(Account(name, Profile.CHAIR, point=point, person=person))
    return named


def secretary_accounts(units: Iterable[str]) -> list[Account]:
    """Return an account for the secretary of every unit, without storing it.

    Its name is `bithu-` and the unit's code.
    """
    return [Account(f"bithu-{unit.lower()}", Profile.SECRETARY, unit=unit) for unit in units]


def make(wanted: Sequence[Account], *, renews: bool) -> AccountBatch:
    """Create the accounts that do not exist yet, every one with a first password.

    `renews`: an existing account with the same role, point, unit and person gets a new password.
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
