"""Test that two servers that copy each other's records compute the same attendance.

Both servers receive the same records, in any order. The results must equal those of the simple
second implementation in tests/model.py.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from sqlalchemy import Connection, create_engine, delete

from sync_server.database import Base
from sync_server.domain.judging.clocks import Sighting
from sync_server.domain.judging.counts import Counts
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.record_store import rebuild
from sync_server.storage.models import Listing, PointStandingRow, Summons
from tests.against_model import compare
from tests.conferences import POINTS, WRITERS, conference
from tests.factories import MEETING, draft, roll
from tests.storage.conftest import Ledger
from tests.storage.nodes import enrol_everybody, exchange, judged_state, send, sight

DEVICES = sorted(writer.device for writer in WRITERS.values() if writer.point)
EXAMPLES = int(os.environ.get("EXAMPLES", "12"))
"""Number of random conferences per test, 20 by default. `make fuzz` sets 300."""
BOOTS = (
    ("b1", 500, 0, 9, 70),
    ("b1", 90, -40_000, 4, 40),
    ("b1", 700, 9_000, 9, 10),
    ("b2", 7, 90_000, 2),
)
SIGHTINGS = [Sighting(device, *boot) for device in DEVICES for boot in BOOTS]


@contextmanager
def node() -> Iterator[Connection]:
    """Yield a connection to an empty database in memory with all test devices registered."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        enrol_everybody(connection)
        yield connection
    engine.dispose()


class TwoNodes(RuleBasedStateMachine):
    """Random deliveries of one conference's records to two nodes, servers that store records.

    Records arrive late, repeatedly, in batches or by way of the other node.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.nodes = [self.stack.enter_context(node()) for _ in range(2)]
        self.records: list[dict[str, Any]] = []
        self.sighted: list[Sighting] = []

    @rule(dice=st.randoms(use_true_random=False))
    @precondition(lambda self: not self.records)
    def hold_a_conference(self, dice: Random) -> None:
        """Make the records that the other methods deliver; the test library runs this only once."""
        self.records = conference(dice)

    @rule(dice=st.randoms(use_true_random=False), to=st.integers(0, 1))
    @precondition(lambda self: self.records)
    def send_some(self, dice: Random, to: int) -> None:
        """Send up to five random records of one device, perhaps repeated, to node `to` (0 or 1)."""
        device = dice.choice(self.records)["device"]
        device_records = [record for record in self.records if record["device"] == device]
        send(self.nodes[to], *dice.choices(device_records, k=dice.randint(1, 5)))

    @rule(sighting=st.sampled_from(SIGHTINGS), to=st.integers(0, 1))
    def see_a_clock(self, sighting: Sighting, to: int) -> None:
        """Store a measurement of a device's clock in node `to`, which is 0 or 1."""
        self.sighted.append(sighting)
        sight(self.nodes[to], sighting)

    @rule(to=st.integers(0, 1))
    def exchange_all(self, to: int) -> None:
        """Copy all records and measurements of clocks from the other node to node `to`, 0 or 1."""
        exchange(self.nodes[1 - to], self.nodes[to])

    def teardown(self) -> None:
        """Deliver all records to both nodes, and check that the nodes judge attendance alike.

        A third node, which gets the records in order, and the simple model of the
        rules in tests/model.py must agree with both.
        Raises: AssertionError if the judgements differ.
        """
        try:
            for record in self.records:
                send(self.nodes[0], record)
            exchange(self.nodes[0], self.nodes[1])
            exchange(self.nodes[1], self.nodes[0])
            first, second = (judged_state(connection, POINTS) for connection in self.nodes)
            assert first == second
            with node() as plain:
                for sighting in self.sighted:
                    sight(plain, sighting)
                for record in self.records:
                    send(plain, record)
                assert judged_state(plain, POINTS) == first
            assert compare(self.nodes[1], self.records) == []
        finally:
            self.stack.close()


TestTwoNodes = pytest.mark.filterwarnings("default")(TwoNodes.TestCase)
TestTwoNodes.settings = settings(max_examples=EXAMPLES, stateful_step_count=16, deadline=None)


@given(st.randoms(use_true_random=False))
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_order_repetition_and_batching_gives_the_model_s_standing(
    ledger: Ledger, dice: Random
) -> None:
    records = conference(dice)
    shuffled = dice.sample(records, len(records)) + dice.choices(records, k=4)
    with ledger() as c:
        enrol_everybody(c)
        for sighting in dice.sample(SIGHTINGS, 4):
            sight(c, sighting)
        while shuffled:
            device = shuffled[0]["device"]
            size = next((n for n, r in enumerate(shuffled) if r["device"] != device), len(shuffled))
            send(c, *shuffled[:size])
            del shuffled[:size]

        assert compare(c, records) == []


@given(st.randoms(use_true_random=False))
@settings(max_examples=EXAMPLES, deadline=None)
def test_everybody_summoned_stands_exactly_one_way(ledger: Ledger, dice: Random) -> None:
    with ledger() as c:
        enrol_everybody(c)
        for record in conference(dice):
            send(c, record)
        board = standings.board_of(c, MEETING)

        rows = [row.counts for row in board.points]
        assert set(board.by_unit_type) <= {"DOANH_NGHIEP", "CO_QUAN_BAO_CHI"}
        assert sum(board.by_unit_type.values(), Counts()) == board.totals
        for counts in (board.totals, *board.by_unit_type.values(), *rows):
            parts = (counts.absent_excused, counts.absent_unexcused, counts.not_recorded)
            assert counts.summoned == counts.present + sum(parts)


def test_rebuilding_from_the_ledger_changes_nothing(ledger: Ledger) -> None:
    for seed in range(7, 12):
        with ledger() as c:
            enrol_everybody(c)
            for record in conference(Random(seed), 40):  # noqa: S311 - a seed repeats the set
                send(c, record)

            assert rebuild(c, MEETING) == []


def test_a_rebuild_restores_derived_tables_that_were_lost(ledger: Ledger) -> None:
    with ledger() as c:
        enrol_everybody(c)
        send(c, roll(1, "M1"))
        send(c, draft("check_in", 9, point="P002", device="D-TWO"))
        expected = judged_state(c, POINTS)
        for table in (Listing, Summons, PointStandingRow):
            c.execute(delete(table))

        assert {key.point for key in rebuild(c, MEETING)} == {"P001"}
        assert judged_state(c, POINTS) == expected
