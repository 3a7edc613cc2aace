"""Store whether the database is a demonstration, in which all people are invented.

This mark prevents users from adding real people to a demonstration by mistake.
"""

from sqlalchemy import Connection, select, update

from sync_server.storage.models import Node


def is_demonstration(connection: Connection) -> bool:
    """Return whether the database is a demonstration, in which all people are invented.

    Return False for a new database, in which nothing is stored yet.
    """
    return bool(connection.scalar(select(Node.is_demonstration)))


def set_demonstration(connection: Connection, is_demonstration: bool) -> None:
    """Store whether the database is a demonstration, in which all people are invented.

    The mark is stored in a row that is created with the first records. Before that, this function
    changes nothing.
    """
    connection.execute(update(Node).values(is_demonstration=is_demonstration))
