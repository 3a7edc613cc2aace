"""Compile the SQL statements of an upload once, and run them without SQLAlchemy's overhead.

On every execution, SQLAlchemy builds a cache key, the types, a result object, and one parameter for
every value in a list. This takes longer than SQLite needs to answer, and as long as a round trip to
PostgreSQL. Here, the driver runs the compiled text directly. PostgreSQL receives every list as one
array, and all rows of an INSERT as one JSON text.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Executable, LargeBinary, bindparam, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.sql import ClauseElement

from sync_server.database import Base

V = TypeVar("V")

_SQLITE = sqlite.dialect(paramstyle="qmark")
_POSTGRESQL = psycopg.PGDialect_psycopg()  # type: ignore[no-untyped-call]
_LIST = re.compile(r"\(__\[POSTCOMPILE_(\w+)\]\)")


def in_points(table: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the SQL conditions that select a table's rows of one meeting and some points (halls).

    When the statement runs, the parameter `meeting` must be a meeting's id, and `points` a list of
    point codes. The table must have the columns `meeting` and `point`.
    """
    return (
        table.meeting == bindparam("meeting"),
        table.point.in_(bindparam("points", expanding=True)),
    )


CHUNK = 1_000
"""The greatest number of values in one statement. All supported databases permit more parameters
than this."""


def in_chunks(values: Sequence[V], size: int = CHUNK) -> Iterator[Sequence[V]]:
    """Return an iterator over consecutive slices of `values`.

    A slice has at most `size` values.
    """
    return (values[start : start + size] for start in range(0, len(values), size))


def columns_of(shape: Any, model: type[Base], **others: Any) -> tuple[Any, ...]:
    """Return a model's columns in the order of the fields of the class `shape`.

    `shape` is a struct or a named tuple, so `shape(*row)` makes an instance from a row with these
    columns. If the model has no column with the name of a field, `others` gives the column or SQL
    expression to use: `field=column`.
    """
    names = getattr(shape, "__struct_fields__", None) or shape._fields
    return tuple(others[name] if name in others else getattr(model, name) for name in names)


class CompiledStatement:
    """An SQL statement that is compiled once and then runs on SQLite or PostgreSQL.

    In the statement, every value must be a `bindparam` with a name, and every list a `bindparam`
    with `expanding=True`.
    """

    def __init__(self, statement: Executable) -> None:
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=_SQLITE)
        self._text, self._names = str(compiled), tuple(getattr(compiled, "positiontup", None) or ())
        self._lists = frozenset(_LIST.findall(self._text))
        in_list = str(statement.compile(dialect=_POSTGRESQL))
        self._text_with_arrays = re.sub(rf"IN {_LIST.pattern}", r"= ANY(%(\1)s)", in_list)

    def rows(self, connection: Connection, **parameters: Any) -> Sequence[tuple[Any, ...]]:
        """Run the statement and return the resulting rows as tuples.

        `parameters` gives a value or a list for every named parameter of the statement. The result
        of a statement that produces no rows, such as a DELETE, is empty.

        Raises: DBAPIError if the database fails.
        """
        if connection.dialect.name == "postgresql":
            values = {
                name: _array_literal(value) if name in self._lists else value
                for name, value in parameters.items()
            }
            return _execute(connection, self._text_with_arrays, values)
        # Values are bound by position: binding by name makes SQLite search all the names.
        text, places = self._text, []
        for name in self._names:
            if name not in self._lists:
                places.append(parameters[name])
                continue
            marks = ", ".join("?" * len(parameters[name]))
            text = text.replace(f"(__[POSTCOMPILE_{name}])", f"({marks})")
            places += parameters[name]
        return _execute(connection, text, places)

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Run the statement once for every item of `rows`, from the first to the last.

        An item maps the names of all parameters to single values, never to lists. If there are no
        items, nothing happens.

        Raises: DBAPIError if the database fails.
        """
        if not rows:
            return
        if connection.dialect.name != "postgresql":
            values = [[row[name] for name in self._names] for row in rows]
            _execute(connection, self._text, values, is_many=True)
        elif len(rows) == 1:  # the driver would begin a pipeline, which costs one more round trip
            _execute(connection, self._text_with_arrays, rows[0])
        else:
            _execute(connection, self._text_with_arrays, rows, is_many=True)


def _array_literal(values: Sequence[str]) -> str:
    """Return texts as PostgreSQL writes an array: `{"P001","P002"}`.

    Quotation marks and backslashes are escaped. The driver's own conversion would be slower,
    because it searches every text separately for such characters.
    """
    joined = "\n".join(values)
    if '"' in joined or "\\" in joined:
        values = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(values) + '"}' if values else "{}"


def insert_rows(connection: Connection, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows into a model's table; do nothing if there are no rows.

    Every row maps column names to values, with the same columns in all rows. SQLite runs one
    `executemany`; PostgreSQL receives all rows as one JSON text.

    Raises: IntegrityError if a row has the same key as another one or as a row in the table.
    """
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        _insert_into(model).run(connection, rows)
        return
    text = _insert_of_json(model, tuple(rows[0]))
    _execute(connection, text, {"rows": msgspec.json.encode(rows).decode()})


@cache
def _insert_into(model: type[Base]) -> CompiledStatement:
    return CompiledStatement(insert(model))


@cache
def _insert_of_json(model: type[Base], names: tuple[str, ...]) -> str:
    """Return the SQL text of a PostgreSQL INSERT that takes all rows as a JSON list of objects.

    `names` are the names of the columns and of the objects' fields; bytes are in base64. The text
    has one parameter, `rows`. JSON is used because the driver would need longer to write an array
    for every column.
    """
    columns = [model.__table__.c[name] for name in names]
    fields, values = [], []
    for column in columns:
        is_bytes = isinstance(column.type, LargeBinary)
        fields.append(f"{column.name} {'TEXT' if is_bytes else column.type.compile(_POSTGRESQL)}")
        values.append(f"decode({column.name}, 'base64')" if is_bytes else column.name)
    return (  # the names are those of our own models
        f"INSERT INTO {model.__tablename__} ({', '.join(names)}) SELECT {', '.join(values)}"  # noqa: S608
        f" FROM json_to_recordset(%(rows)s::json) AS rows ({', '.join(fields)})"
    )


def _execute(
    connection: Connection, text: str, values: Any, *, is_many: bool = False
) -> Sequence[tuple[Any, ...]]:
    """Run a statement on the driver's own connection, and return the resulting rows, if any.

    `values` are the parameters as a sequence or a mapping. If `is_many`, it is a list of them, and
    the statement runs once for every item. If no transaction is open, one is begun.

    Raises: DBAPIError if the database fails, as if SQLAlchemy had run the statement.
    """
    if not connection.in_transaction():
        connection.begin()
    cursor: Any = connection.connection.cursor()
    try:
        (cursor.executemany if is_many else cursor.execute)(text, values)
        return cursor.fetchall() if cursor.description else []
    except connection.dialect.loaded_dbapi.Error as fault:
        # This marks broken connections, too. It has no public name.
        connection._handle_dbapi_exception(fault, text, None, None, None)
