"""Keep the computed attendance of halls in memory, so that new records are added quickly.

A judged hall is the attendance at one hall at one meeting, computed from the hall's records. Each
process has a separate memory for each database that it is connected to. If a hall is not in memory,
its attendance is computed again from all its records. The end of a process therefore costs only
time.
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
"""The greatest total number of records of the halls whose attendance is kept in memory for one
database. The records take about 60 MB.
"""


class _Memory(NamedTuple):
    version: StreamVersion
    hall: JudgedHall


class _Memories:
    """The halls of one database whose attendance is kept in memory, the least recently used first.

    Several threads may use the object at the same time.
    """

    def __init__(self) -> None:
        self._memories: OrderedDict[tuple[str, StreamKey], _Memory] = OrderedDict()
        self._records = 0
        self._guard = threading.Lock()

    def take(self, lineage: str, key: StreamKey) -> _Memory | None:
        """Remove a hall's attendance from memory and return it; return None if it is not in memory.

        The attendance is removed so that no other thread can use it at the same time. `key` is the
        meeting and the hall. `lineage` is a code that changes when the database is restored from a
        copy or a standby server takes over.
        """
        with self._guard:
            memory = self._memories.pop((lineage, key), None)
            self._records -= len(memory.hall) if memory else 0
            return memory

    def keep(self, lineage: str, key: StreamKey, memory: _Memory) -> None:
        """Put a hall's attendance into memory, unless a later version of it is already there.

        `key` is the meeting and the hall. `lineage` is a code that changes when the database is
        restored from a copy or a standby server takes over. If the halls in memory then have too
        many records, drop the least recently used halls.
        """
        with self._guard:
            other = self._memories.get((lineage, key))
            if other and other.version.revision > memory.version.revision:
                return
            self._records += len(memory.hall) - (len(other.hall) if other else 0)
            self._memories[lineage, key] = memory
            self._memories.move_to_end((lineage, key))
            while self._records > MAX_REMEMBERED_RECORDS:
                _, forgotten = self._memories.popitem(last=False)
                self._records -= len(forgotten.hall)


_all_memories: WeakKeyDictionary[Pool, _Memories] = WeakKeyDictionary()
_all_memories_guard = threading.Lock()


def recall(
    connection: Connection, versions: Mapping[StreamKey, StreamVersion]
) -> dict[StreamKey, JudgedHall]:
    """Return {stream key: judged hall} for the halls in memory that could be brought up to date.

    A judged hall is the attendance at one point (a hall) at one meeting, computed from its records.
    `versions` is {stream key (meeting, point): version of the hall's records in the open read
    transaction}. No other thread can get a returned hall until the caller has passed it to
    `remember`.
    """
    lineage = streams.lineage(connection) or ""
    memories = _memories_of(connection)
    halls = {}
    for key, version in versions.items():
        memory = memories.take(lineage, key)
        if memory is None:
            continue
        if memory.version.revision > version.revision:  # another reader sees a later state
            memories.keep(lineage, key, memory)
        elif memory.version == version or _is_up_to_date(connection, key, memory):
            halls[key] = memory.hall
    return halls


def _is_up_to_date(connection: Connection, key: StreamKey, memory: _Memory) -> bool:
    """Bring a hall's attendance in memory up to date; return whether this was possible.

    The records that have arrived since the last use are added. If this is not possible, the
    attendance must be computed again from all records of the hall.
    """
    records = streams.records_after(connection, key, memory.version.head)
    clocks = clocks_of(connection, memory.hall.devices | devices_of(records))
    return memory.hall.add(records, clocks)


def remember(
    connection: Connection, halls: Mapping[StreamKey, tuple[StreamVersion, JudgedHall]]
) -> None:
    """Keep the computed attendance of halls in memory, and drop the least recently used halls.

    Halls are dropped only if those in memory have too many records. The attendance must have been
    computed in a read transaction, because what a write transaction sees may never be committed.
    """
    lineage = streams.lineage(connection) or ""
    memories = _memories_of(connection)
    for key, (version, hall) in halls.items():
        memories.keep(lineage, key, _Memory(version, hall))


def _memories_of(connection: Connection) -> _Memories:
    """Return the halls whose attendance is kept in memory for the database of the connection.

    The database is recognised by its connection pool. Its epoch (a random code) does not suffice,
    because a database and a copy of it can have the same epoch.
    """
    with _all_memories_guard:
        return _all_memories.setdefault(connection.engine.pool, _Memories())
