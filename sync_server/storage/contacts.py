"""Whom to call at a point: its clerk and its technician, with their telephone numbers."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

from sqlalchemy import Connection, delete, insert, select

from sync_server.storage.models import PointContact

Duty = Literal["clerk", "technician"]
DUTIES: tuple[Duty, ...] = get_args(Duty)


class ContactLine(NamedTuple):
    """Somebody to call; `phone` as it is dialled, with its leading 0."""

    point: str
    duty: str
    name: str
    phone: str


def put(connection: Connection, lines: Iterable[ContactLine]) -> None:
    """Replace whom to call for each point and duty that is named; one without a name goes."""
    for line in lines:
        own = (PointContact.point == line.point, PointContact.duty == line.duty)
        connection.execute(delete(PointContact).where(*own))
        if line.name:
            connection.execute(insert(PointContact).values(line._asdict()))


def of_points(connection: Connection, points: Iterable[str]) -> dict[str, list[ContactLine]]:
    """Return by point whom to call, the clerk first."""
    found: dict[str, list[ContactLine]] = {}
    for row in connection.execute(
        select(PointContact.point, PointContact.duty, PointContact.name, PointContact.phone)
        .where(PointContact.point.in_(sorted(points)))
        .order_by(PointContact.point, PointContact.duty)
    ):
        found.setdefault(row.point, []).append(ContactLine(*row))
    return found
