"""Store whether the database is a demonstration, so that real people are not added by mistake."""

from sqlalchemy import Connection, select, update

from sync_server.storage.models import Node


def is_demonstration(connection: Connection) -> bool:
    """Return whether the database contains the demonstration's data and no real people."""
    return bool(connection.scalar(select(Node.is_demonstration)))


def set_demonstration(connection: Connection, is_demonstration: bool) -> None:
    """Store whether the database is a demonstration. Without any stream, nothing is stored."""
    connection.execute(update(Node).values(is_demonstration=is_demonstration))
