"""Prepared: the few statements that every upload runs, compiled once for every engine.

SQLAlchemy works out every execution again (cache key, types, a parameter for every value of a
list), which takes longer than SQLite takes to answer and as long as a round trip to PostgreSQL.
SQLite's driver runs the compiled text by itself; PostgreSQL receives a list as one array.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Executable, bindparam, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import ARRAY, psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement

from sync_server.database import Base

V = TypeVar("V")

_SQLITE = sqlite.dialect(paramstyle="qmark")
_POSTGRESQL = psycopg.PGDialect_psycopg()  # type: ignore[no-untyped-call]
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
    """Return the values in parts that are small enough for one statement."""
    return (values[start : start + size] for start in range(0, len(values), size))


def columns_of(shape: Any, model: type[Base], **others: Any) -> tuple[Any, ...]:
    """Return a model's columns in the order of a shape's fields, so that a row fills the shape.

    `others` gives the columns of fields that the model names otherwise.
    """
    names = getattr(shape, "__struct_fields__", None) or shape._fields
    return tuple(others[name] if name in others else getattr(model, name) for name in names)


class Prepared:
    """A statement compiled once; lists need expanding parameters, single values named ones."""

    def __init__(self, statement: Executable) -> None:
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=_SQLITE)
        self._text, self._names = str(compiled), tuple(getattr(compiled, "positiontup", None) or ())
        self._lists = frozenset(_LIST.findall(self._text))
        in_list = str(statement.compile(dialect=_POSTGRESQL))
        self._text_with_arrays = re.sub(rf"IN {_LIST.pattern}", r"= ANY(%(\1)s)", in_list)

    def rows(self, connection: Connection, **parameters: Any) -> Sequence[tuple[Any, ...]]:
        """Run the statement and return its rows as plain tuples."""
        if connection.dialect.name == "postgresql":
            result = connection.exec_driver_sql(self._text_with_arrays, parameters)
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
            return _driver(connection).execute(text, values).fetchall()
        except sqlite3.Error as fault:
            raise _wrapped(text, fault) from fault

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Run the statement once for every row of parameters, in order."""
        if not rows:
            return
        if connection.dialect.name == "postgresql":
            # One row alone needs no pipeline, whose end is another round trip.
            parameters = list(rows) if len(rows) > 1 else rows[0]
            connection.exec_driver_sql(self._text_with_arrays, parameters)
            return
        try:
            values = [[row[name] for name in self._names] for row in rows]
            _driver(connection).executemany(self._text, values)
        except sqlite3.Error as fault:
            raise _wrapped(self._text, fault) from fault


def insert_rows(connection: Connection, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows by one statement; every row has all the columns.

    SQLite's `executemany` counts as one; PostgreSQL receives one array per column.
    """
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        _insert_into(model).run(connection, rows)
        return
    names = tuple(rows[0])
    columns = {name: [row[name] for row in rows] for name in names}
    connection.exec_driver_sql(_insert_of_arrays(model, names), columns)


@cache
def _insert_into(model: type[Base]) -> Prepared:
    return Prepared(insert(model))


@cache
def _insert_of_arrays(model: type[Base], names: tuple[str, ...]) -> str:
    """Return the text of an insert that takes an array per column, for PostgreSQL."""
    arrays = [
        func.unnest(bindparam(name, type_=ARRAY(model.__table__.c[name].type))) for name in names
    ]
    return str(insert(model).from_select(names, select(*arrays)).compile(dialect=_POSTGRESQL))


def _driver(connection: Connection) -> sqlite3.Connection:
    """Return SQLite's driver connection within SQLAlchemy's transaction."""
    if not connection.in_transaction():
        connection.begin()
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _wrapped(text: str, fault: sqlite3.Error) -> DBAPIError:
    """Return a driver's fault as SQLAlchemy's, the type that the rest of the program handles."""
    wrapped = DBAPIError.instance(text, None, fault, sqlite3.Error, dialect=_SQLITE)
    assert isinstance(wrapped, DBAPIError)
    return wrapped
