"""Test how a record's time is corrected if its device's clock is fast or slow."""

from itertools import permutations

from sync_server.domain.judging.clocks import MOST_APART_MS, Clocks, Sighting
from tests.factories import record

AT = 1_724_284_860_000  # 07:01 in Vietnam, when record 1 was made


def test_a_seen_boot_corrects_by_its_skew() -> None:
    clocks = Clocks([Sighting("D-ONE", "b1", 10, -90_000, 0)])

    assert clocks.corrected_time_of(record("check_in", 1, person="M1")) == (AT - 90_000, False)


def test_the_sighting_nearest_to_the_start_of_the_boot_governs_in_any_order() -> None:
    early, late = Sighting("D-ONE", "b1", 10, -5000, 0), Sighting("D-ONE", "b1", 99, -9000, 7)

    for order in ([early, late], [late, early], [late, early, late]):
        assert (
            Clocks(order).corrected_time_of(record("check_in", 1, person="M1")).at_ms == AT - 5000
        )


def test_a_boot_without_a_sighting_uses_the_sighting_nearest_by_number() -> None:
    clocks = Clocks([Sighting("D-ONE", "b0", 10, 1000, 2), Sighting("D-ONE", "b9", 10, 60_000, 40)])

    near_first = clocks.corrected_time_of(record("check_in", 3, person="M1", boot="b5"))
    near_second = clocks.corrected_time_of(record("check_in", 39, person="M1", boot="b5"))

    assert near_first == (AT + 2 * 60_000 + 1000, True)
    assert near_second.at_ms == AT + 38 * 60_000 + 60_000


def test_time_of_a_device_without_sightings_is_uncorrected_and_doubtful() -> None:
    assert Clocks([]).corrected_time_of(record("check_in", 1, person="M1")) == (AT, True)


def test_a_skew_above_two_minutes_is_corrected_and_doubted() -> None:
    clocks = Clocks([Sighting("D-ONE", "b1", 10, -14 * 60_000, 0)])

    assert clocks.corrected_time_of(record("check_in", 1, person="M1")) == (AT - 14 * 60_000, True)


def test_a_record_whose_two_clocks_disagree_with_its_boot_is_doubted() -> None:
    clocks = Clocks([Sighting("D-ONE", "b1", 0, 0, 0, origin_ms=AT - 60_000)])
    honest = record("check_in", 1, person="M1")
    assert clocks.corrected_time_of(honest) == (AT, False)
    nearly = record("check_in", 1, person="M1", mono_ms=60_000 + MOST_APART_MS)
    assert not clocks.corrected_time_of(nearly).is_doubtful  # the clocks may drift this far apart
    early = record("check_in", 1, person="M1", mono_ms=60_000 + 2 * 3_600_000)
    assert clocks.corrected_time_of(early) == (AT, True)  # the two clocks differ by two hours


def test_measurements_of_one_boot_that_differ_make_it_doubtful_in_any_order() -> None:
    first, second = Sighting("D-ONE", "b1", 10, 0, 0), Sighting("D-ONE", "b1", 99, 11_000, 7)
    close = Sighting("D-ONE", "b1", 50, 3_000, 3)
    moves_back = Sighting("D-ONE", "b1", 1, 40_000, 0)

    def judge(*sightings: Sighting) -> tuple[int, bool]:
        corrected = Clocks(sightings).corrected_time_of(record("check_in", 1, person="M1"))
        return corrected.at_ms - AT, corrected.is_doubtful

    assert judge(first, close) == judge(close, first) == (0, False)
    for order in permutations((first, second, close)):
        assert judge(*order) == (0, True)
    assert judge(first, moves_back) == judge(moves_back, first) == (40_000, True)


def test_time_of_an_office_record_is_never_doubtful() -> None:
    assert not Clocks([]).corrected_time_of(record("roll", 1, body={"people": []})).is_doubtful
