"""Remember judged halls in this process, so that a new arrival costs a reader little.

Each process has a memory for each database that it is connected to. A hall that is not in it is
judged whole from its records, so nothing but time is lost when a process ends.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Pool

from sync_server.domain.judging.clocks import devices_of
from sync_server.domain.judging.judged_hall import JudgedHall
from sync_server.storage.ledger import streams
from sync_server.storage.ledger.sightings import clocks_of
from sync_server.storage.ledger.streams import StreamKey, StreamVersion

MAX_REMEMBERED_RECORDS = 40_000
"""The greatest number of records in all remembered halls of a database; they take some 60 MB."""


class _Memory(NamedTuple):
    version: StreamVersion
    hall: JudgedHall


class _Memories:
    """The remembered halls of a database, the least recently used first. Threads may share it."""

    def __init__(self) -> None:
        self._memories: OrderedDict[tuple[str, StreamKey], _Memory] = OrderedDict()
        self._records = 0
        self._guard = threading.Lock()

    def take(self, epoch: str, key: StreamKey) -> _Memory | None:
        """Remove a hall and return it, so that only the caller has it; None if there is none."""
        with self._guard:
            memory = self._memories.pop((epoch, key), None)
            self._records -= len(memory.hall) if memory else 0
            return memory

    def keep(self, epoch: str, key: StreamKey, memory: _Memory) -> None:
        """Remember a hall, unless a later version of it is remembered already."""
        with self._guard:
            other = self._memories.get((epoch, key))
            if other and other.version.revision > memory.version.revision:
                return
            self._records += len(memory.hall) - (len(other.hall) if other else 0)
            self._memories[epoch, key] = memory
            self._memories.move_to_end((epoch, key))
            while self._records > MAX_REMEMBERED_RECORDS:
                _, forgotten = self._memories.popitem(last=False)
                self._records -= len(forgotten.hall)


_all_memories: WeakKeyDictionary[Pool, _Memories] = WeakKeyDictionary()
_all_memories_guard = threading.Lock()


def recall(
    connection: Connection, versions: Mapping[StreamKey, StreamVersion]
) -> dict[StreamKey, JudgedHall]:
    """Return {stream key: judged hall} of those remembered halls that could be brought up to date.

    `versions` is {stream key (meeting, point): version in the open read transaction}. Until
    `remember` is called for a returned hall, no other thread can get it.
    """
    epoch = streams.epoch(connection) or ""
    memories = _memories_of(connection)
    halls = {}
    for key, version in versions.items():
        memory = memories.take(epoch, key)
        if memory is None:
            continue
        if memory.version.revision > version.revision:  # another reader sees a later state
            memories.keep(epoch, key, memory)
        elif memory.version == version or _is_up_to_date(connection, key, memory):
            halls[key] = memory.hall
    return halls


def _is_up_to_date(connection: Connection, key: StreamKey, memory: _Memory) -> bool:
    """Add the records that came since to a hall; return False if it must be judged whole."""
    records = streams.records_after(connection, key, memory.version.head)
    clocks = clocks_of(connection, memory.hall.devices | devices_of(records))
    return memory.hall.add(records, clocks)


def remember(
    connection: Connection, halls: Mapping[StreamKey, tuple[StreamVersion, JudgedHall]]
) -> None:
    """Remember judged halls, and forget those that were not needed for longest.

    The halls must have been judged in a read transaction: what a write transaction sees may never
    be committed.
    """
    epoch = streams.epoch(connection) or ""
    memories = _memories_of(connection)
    for key, (version, hall) in halls.items():
        memories.keep(epoch, key, _Memory(version, hall))


def _memories_of(connection: Connection) -> _Memories:
    """Return the memory of the connection's database. Copies of one ledger share its epoch."""
    with _all_memories_guard:
        return _all_memories.setdefault(connection.engine.pool, _Memories())
