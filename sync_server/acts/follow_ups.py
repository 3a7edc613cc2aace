"""Record the work that remains after a conference: tasks, the progress of tasks, and essays."""

from typing import Literal, get_args

from sqlalchemy import Connection

from sync_server.acts.writing import envelope, write_records
from sync_server.domain.records.codes import from_ms
from sync_server.domain.records.door import Writer
from sync_server.domain.records.kinds import Essays, FollowUp, FollowUpBody
from sync_server.errors import BadForm, UnknownRecord
from sync_server.messages import say
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey

State = Literal["open", "done", "dropped"]
STATES: tuple[State, ...] = get_args(State)


def add_task(
    connection: Connection,
    writer: Writer,
    key: StreamKey,
    item: str,
    owner: str,
    due_ms: int | None,
    now_ms: int,
) -> None:
    """Record a new task, marked as open, that a hall has to do after the conference.

    `key` is the meeting and the hall. `item` describes the task in words. `owner` is the code of
    the person responsible, or "" if nobody is. `due_ms` is the deadline in ms since 1970 UTC, or
    None. Raises: BadForm if the ledger refuses the record.
    """
    body = FollowUpBody(item=item, due=from_ms(due_ms) if due_ms else None, state="open")
    record = FollowUp(**envelope(writer, *key, now_ms), person=owner or None, body=body)
    write_records(connection, writer, [record], now_ms)


def set_state(
    connection: Connection, writer: Writer, key: StreamKey, task_id: str, state: State, now_ms: int
) -> None:
    """Record that a task of a hall is done, dropped or open again.

    `key` is the meeting and the hall. `task_id` is the id of the record that added the task.
    Raises: UnknownRecord if the hall has no such task.
    """
    standing = standings.read(connection, key)
    tasks = standing.follow_ups.tasks if standing else ()
    task = next((task for task in tasks if task.id == task_id), None)
    if task is None:
        raise UnknownRecord(record=task_id[:48])
    due = from_ms(task.due_ms) if task.due_ms else None
    body = FollowUpBody(item=task.item, due=due, state=state)
    fields = envelope(writer, *key, now_ms)
    record = FollowUp(**fields, person=task.owner, refs=(task.id,), body=body)
    write_records(connection, writer, [record], now_ms)


def count_essays(
    connection: Connection, writer: Writer, key: StreamKey, count: int, due_ms: int, now_ms: int
) -> None:
    """Record how many essays the people of a hall have handed in, and when essays are due.

    `key` is the meeting and the hall. `count` is the total so far, and replaces the number recorded
    before. `due_ms` is the deadline in ms since 1970 UTC. Raises: BadForm if more essays are stated
    than people were summoned to the hall, or if the ledger refuses the record.
    """
    standing = standings.read(connection, key)
    summoned = standing.counts.summoned if standing else 0
    if count > summoned:
        fault = say("follow_up.too_many", point=key.point, summoned=summoned, count=count)
        raise BadForm(fault=fault)
    body = FollowUpBody(essays=Essays(due=from_ms(due_ms), handed_in=count))
    write_records(
        connection, writer, [FollowUp(**envelope(writer, *key, now_ms), body=body)], now_ms
    )
