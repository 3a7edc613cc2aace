"""The merger: what waits goes together, and nobody's fault is another's."""

import threading
from collections.abc import Sequence

from sync_server.errors import DatabaseBusy
from sync_server.storage.ledger.delivery import Merger


class Faulty(Exception):
    """What serving a bad gift raises."""


def together(merger: Merger[int, int], brought: Sequence[int]) -> dict[int, object]:
    """Submit all at once; return what each was given, or the fault that it met."""
    given: dict[int, object] = {}

    def submit(each: int) -> None:
        try:
            given[each] = merger.submit(each)
        except BaseException as fault:  # noqa: BLE001 - what is asserted on
            given[each] = type(fault)

    threads = [threading.Thread(target=submit, args=(each,)) for each in brought]
    with merger._turn:  # nobody is served before all wait
        for thread in threads:
            thread.start()
        while len(merger._waiting) < len(threads):
            pass
    for thread in threads:
        thread.join(timeout=10)
    assert not any(thread.is_alive() for thread in threads)
    return given


def test_what_waits_is_served_in_groups_each_once() -> None:
    groups: list[Sequence[int]] = []

    def serve(brought: Sequence[int]) -> Sequence[int]:
        groups.append(brought)
        return [each * 10 for each in brought]

    given = together(Merger(serve), range(30))

    assert given == {each: each * 10 for each in range(30)}
    assert sorted(each for group in groups for each in group) == list(range(30))
    assert [len(group) for group in groups] == [12, 12, 6]


def test_one_that_fails_costs_no_other_its_answer() -> None:
    def serve(brought: Sequence[int]) -> Sequence[int]:
        if 7 in brought:
            raise Faulty
        return brought

    given = together(Merger(serve), range(12))

    assert given == {each: Faulty if each == 7 else each for each in range(12)}


def test_a_thread_that_is_told_to_end_leaves_nobody_waiting() -> None:
    merger: Merger[int, int]

    def serve(brought: Sequence[int]) -> Sequence[int]:
        if 3 in brought:
            raise SystemExit
        return brought

    merger = Merger(serve)
    given = together(merger, range(8))

    assert set(given) == set(range(8))
    assert all(told in (each, SystemExit, DatabaseBusy) for each, told in given.items())
    assert merger.submit(20) == 20
