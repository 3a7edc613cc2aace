"""Create accounts for many halls or units at once.

The account of a hall is for the Secretary who chairs the meeting there. The account of a unit is
for the unit's secretary. Every new account gets a first password for printing, which the account's
user must change at the first sign-in.
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
    """An account with a first password that was just made for it, for printing.

    Only a hash of the password is stored, so the password cannot be shown again.
    """

    account: Account
    password: str


class AccountBatch(NamedTuple):
    """The result of creating accounts.

    `slips`: the accounts that were given a first password. `existing`: names of accounts that
    already existed and were left unchanged. `without_secretary`: codes of halls (points) for which
    no account could be created, because their unit has no Secretary.
    """

    slips: list[Slip]
    existing: list[str]
    without_secretary: list[str]


def chairs_of(connection: Connection, points: Iterable[str], *, at_ms: int) -> dict[str, str]:
    """Return {hall's code: code of the person who chairs there, the Secretary of the unit}.

    `points` are the codes of the halls. Halls whose unit has no Secretary at `at_ms` (ms since
    1970 UTC) are left out.
    """
    units = directory.units_of_points(connection, points)
    chairs = {}
    for point, unit in sorted(units.items()):
        officers = roster.officers_of(connection, unit, first=(), at_ms=at_ms)
        if secretary := next((code for code, office in officers if office == "secretary"), None):
            chairs[point] = secretary
    return chairs


def chair_accounts(pairs: Sequence[tuple[str, str]]) -> list[Account]:
    """Return accounts for the chairs of halls, without storing them.

    `pairs` are (code of the hall, code of the person). An account is named `chutri-` plus the code
    of the hall, in lower case. A second account for the same hall also has the person's code in its
    name.
    """
    named: list[Account] = []
    for point, person in pairs:
        name = f"chutri-{point.lower()}"
        if any(account.name == name for account in named):
            name = f"{name}-{person.lower()}"
        named.append(Account(name, Profile.CHAIR, point=point, person=person))
    return named


def secretary_accounts(units: Iterable[str]) -> list[Account]:
    """Return accounts for the secretaries of these units, without storing them.

    `units` are the codes of the units. An account is named `bithu-` plus the code of the unit, in
    lower case.
    """
    return [Account(f"bithu-{unit.lower()}", Profile.SECRETARY, unit=unit) for unit in units]


def make(wanted: Sequence[Account], *, renews: bool) -> AccountBatch:
    """Store the accounts `wanted` with new first passwords; return the accounts and passwords.

    A stored account with the same name is left unchanged. With `renews`, however, it gets a new
    password if its role, hall, unit and person are the same too. Hashing a password is slow, so
    it is done outside the transactions (one for every account) to avoid delaying other writers.
    `without_secretary`, the result's list of halls for which no account could be made, is empty.
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
