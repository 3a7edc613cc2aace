"""Store the contacts at points (halls): a clerk and a technician, with their telephone numbers."""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

from sqlalchemy import Connection, delete, insert, select

from sync_server.storage.models import PointContact

Duty = Literal["clerk", "technician"]
DUTIES: tuple[Duty, ...] = get_args(Duty)


_PHONE = re.compile(r"(?:\+\d|0)[\d .()-]{6,18}")
_DIGITS = range(8, 13)
"""The permitted numbers of digits in a Vietnamese telephone number, including the leading 0 or
84."""
_LOST_ZERO = re.compile(r"[35789]\d{8}|2\d{9}")
"""A Vietnamese mobile or landline number without the leading 0. A spreadsheet drops this 0 when it
stores the text as a number."""


def normalise_phone(text: str) -> str | None:
    """Return a telephone number as it is dialled; None if the text is not a single valid number.

    The result contains only digits, and a leading + if the text has one. If a spreadsheet has
    removed the leading 0, it is restored.
    """
    number = text.strip()
    if _LOST_ZERO.fullmatch(number.replace(" ", "")):
        number = f"0{number}"
    digits = "".join(letter for letter in number if letter in "+0123456789")
    is_one = _PHONE.fullmatch(number) is not None and len(digits.lstrip("+")) in _DIGITS
    return digits if is_one else None


class ContactLine(NamedTuple):
    """A person to telephone at a point (a hall). `point` is the hall's code.

    `duty` is clerk or technician. `phone` begins with 0 or a country code.
    """

    point: str
    duty: str
    name: str
    phone: str


def put(connection: Connection, lines: Iterable[ContactLine]) -> None:
    """Store contacts of halls; a contact with the same hall and duty as a stored one replaces it.

    If the name in a line is empty, the contact is deleted. Other contacts stay unchanged.
    """
    for line in lines:
        matching = (PointContact.point == line.point, PointContact.duty == line.duty)
        connection.execute(delete(PointContact).where(*matching))
        if line.name:
            connection.execute(insert(PointContact).values(line._asdict()))


def of_points(connection: Connection, points: Iterable[str]) -> dict[str, list[ContactLine]]:
    """Return {point code: contacts of the point (hall), the clerk before the technician}.

    Points without a contact are left out.
    """
    contacts: dict[str, list[ContactLine]] = {}
    for row in connection.execute(
        select(PointContact.point, PointContact.duty, PointContact.name, PointContact.phone)
        .where(PointContact.point.in_(sorted(points)))
        .order_by(PointContact.point, PointContact.duty)
    ):
        contacts.setdefault(row.point, []).append(ContactLine(*row))
    return contacts
