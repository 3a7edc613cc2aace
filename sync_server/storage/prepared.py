"""Prepared: the few statements that every upload runs, compiled once and run on SQLite's driver.

SQLAlchemy works out every execution again (cache key, types, result form), which takes longer
than SQLite takes to answer. On other engines the round trip takes most of the time, and
SQLAlchemy runs the statements as usual.
"""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Executable, bindparam, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement

from sync_server.database import Base

V = TypeVar("V")

_DIALECT = sqlite.dialect(paramstyle="qmark")
_LIST = re.compile(r"\(__\[POSTCOMPILE_(\w+)\]\)")


def in_points(table: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the condition that a row belongs to the bound `meeting` and one of its `points`."""
    return (
        table.meeting == bindparam("meeting"),
        table.point.in_(bindparam("points", expanding=True)),
    )


CHUNK = 1_000
"""Values in one statement: well below every engine's limit on parameters."""


def in_chunks(values: Sequence[V], size: int = CHUNK) -> Iterator[Sequence[V]]:
    """Return the values in parts, each small enough for one statement."""
    return (values[start : start + size] for start in range(0, len(values), size))


def columns_of(shape: Any, model: type[Base], **others: Any) -> tuple[Any, ...]:
    """Return a model's columns in the order of a shape's fields, so that a row fills the shape.

    `others` gives the columns of fields that the model names otherwise.
    """
    names = getattr(shape, "__struct_fields__", None) or shape._fields
    return tuple(others[name] if name in others else getattr(model, name) for name in names)


class Prepared:
    """A statement; lists are bound to expanding parameters, single values to named ones."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=_DIALECT)
        self._text, self._names = str(compiled), tuple(getattr(compiled, "positiontup", None) or ())
        self._lists = frozenset(_LIST.findall(self._text))

    def rows(self, connection: Connection, **parameters: Any) -> Sequence[tuple[Any, ...]]:
        """Run the statement and return its rows as plain tuples."""
        driver = _driver(connection)
        if driver is None:
            result = connection.execute(self._statement, parameters)
            return [tuple(row) for row in result] if result.returns_rows else []
        # Bound by position, for SQLite looks a name up among all names of the statement.
        text, values = self._text, []
        for name in self._names:
            if name not in self._lists:
                values.append(parameters[name])
                continue
            places = ", ".join("?" * len(parameters[name]))
            text = text.replace(f"(__[POSTCOMPILE_{name}])", f"({places})")
            values += parameters[name]
        try:
            return driver.execute(text, values).fetchall()
        except sqlite3.Error as fault:
            raise _wrapped(text, fault) from fault

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run the statement once for every row of parameters, in order."""
        if not rows:
            return
        driver = _driver(connection)
        if driver is None:
            connection.execute(self._statement, list(rows))
            return
        try:
            driver.executemany(self._text, [[row[name] for name in self._names] for row in rows])
        except sqlite3.Error as fault:
            raise _wrapped(self._text, fault) from fault


def insert_rows(
    connection: Connection, model: type[Base], rows: Sequence[Mapping[str, object]]
) -> None:
    """Insert rows by one statement; every row has all the columns.

    SQLite's `executemany` counts as one; PostgreSQL receives one array per column.
    """
    if not rows:
        return
    table = model.__table__
    if connection.dialect.name != "postgresql":
        _insert_into(model).run(connection, rows)
        return
    columns = [table.c[name] for name in rows[0]]
    arrays = [
        bindparam(column.name, [row[column.name] for row in rows], type_=ARRAY(column.type))
        for column in columns
    ]
    names = [column.name for column in columns]
    unnested = func.unnest(*arrays).table_valued(*names).render_derived()
    connection.execute(insert(model).from_select(names, select(unnested)))


@cache
def _insert_into(model: type[Base]) -> Prepared:
    return Prepared(insert(model))


def _driver(connection: Connection) -> sqlite3.Connection | None:
    """Return SQLite's driver connection within SQLAlchemy's transaction; None on other engines."""
    if connection.dialect.name != "sqlite":
        return None
    if not connection.in_transaction():
        connection.begin()
    raw = connection.connection.driver_connection
    return raw if isinstance(raw, sqlite3.Connection) else None


def _wrapped(text: str, fault: sqlite3.Error) -> DBAPIError:
    """Return a driver's fault as SQLAlchemy's, the type that the rest of the program handles."""
    wrapped = DBAPIError.instance(text, None, fault, sqlite3.Error, dialect=_DIALECT)
    assert isinstance(wrapped, DBAPIError)
    return wrapped
