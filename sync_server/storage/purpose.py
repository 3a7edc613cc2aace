"""Whether this database is a demonstration, so that synthetic and real people never mix unasked."""

from sqlalchemy import Connection, select, update

from sync_server.storage.models import Node


def is_demonstration(connection: Connection) -> bool:
    """Return whether the database was filled with the demonstration, and nobody real was added."""
    return bool(connection.scalar(select(Node.is_demonstration)))


def set_demonstration(connection: Connection, is_demonstration: bool) -> None:
    """Note that the database is a demonstration, or no longer one. It has a stream already."""
    connection.execute(update(Node).values(is_demonstration=is_demonstration))
