"""Store whether the database is a demonstration.

The mark prevents users from adding real people to a demonstration by mistake.
"""

from sqlalchemy import Connection, select, update

from sync_server.storage.models import Node


def is_demonstration(connection: Connection) -> bool:
    """Return whether all people in the database are invented, for a demonstration.

    Return False for a new database, in which nothing is stored yet.
    """
    return bool(connection.scalar(select(Node.is_demonstration)))


def set_demonstration(connection: Connection, is_demonstration: bool) -> None:
    """Store whether all people in the database are invented, for a demonstration.

    If no point has records yet, the row for this is missing, and nothing is stored.
    """
    connection.execute(update(Node).values(is_demonstration=is_demonstration))
