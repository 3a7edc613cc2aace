"""Test that published attendance data reveal no number from 1 to 4, even by subtraction."""

from hypothesis import given
from hypothesis import strategies as st

from sync_server.domain.judging.counts import Counts
from sync_server.domain.unit_types import UNIT_TYPES
from sync_server.reports.figures import Figures, MeetingFacts, TypeLine
from sync_server.reports.open_data import FIELDS, PEOPLE, SMALLEST, open_data, open_rows

MEETING = MeetingFacts("2024-08-22-hoc-tap", "Hội nghị thử", 0, 1, 2)
numbers = st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6, 9, 40, 300])


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    present, excused, unexcused, not_recorded = (draw(numbers) for _ in range(4))
    return Counts(
        summoned=present + excused + unexcused + not_recorded,
        present=present,
        absent_excused=excused,
        absent_unexcused=unexcused,
        not_recorded=not_recorded,
        late=draw(st.integers(0, present)),
    )


def figures_of(parts: list[Counts]) -> Figures:
    lines = tuple(
        TypeLine(unit_type, 1, 1, part) for unit_type, part in zip(UNIT_TYPES, parts, strict=False)
    )
    return Figures(MEETING, (), sum(parts, Counts()), lines, {}, (), (), 0)


def is_small(value: int | None) -> bool:
    return value is not None and 0 < value < SMALLEST


@given(st.lists(counts(), min_size=1, max_size=5))
def test_no_small_number_is_published_nor_follows_from_what_is(parts: list[Counts]) -> None:
    total, *rows = open_rows(figures_of(parts))
    assert not any(is_small(value) for row in (total, *rows) for value in row.people.values())
    hidden = [row for row in rows if None in row.people.values()]
    assert len(hidden) != 1 or None in total.people.values()
    for name in PEOPLE:  # the totals minus the shown rows reveal the sum of the hidden rows
        shown = [row.people[name] or 0 for row in rows if row not in hidden]
        published = total.people[name]
        if hidden and published is not None:
            assert not is_small(published - sum(shown))
    left_out = [name for name in PEOPLE[:5] if total.people[name] is None]
    assert len(left_out) != 1  # one gap could be computed, since summoned is the sum of the others


def test_what_is_safe_is_published_whole() -> None:
    part = Counts(summoned=50, present=40, absent_excused=10)
    [total, row] = open_rows(figures_of([part]))
    assert total.people == row.people == {
        "summoned": 50, "present": 40, "absent_excused": 10, "absent_unexcused": 0,
        "not_recorded": 0, "late": 0,
    }  # fmt: skip


def test_one_small_row_hides_another_with_it() -> None:
    small = Counts(summoned=12, present=10, absent_excused=2)
    large, larger = Counts(summoned=20, present=20), Counts(summoned=90, present=90)
    rows = open_rows(figures_of([small, large, larger]))
    # The total would reveal the 2 excused people, so it omits this number and a second one.
    assert rows[0].people["absent_excused"] is None
    assert rows[0].people["present"] is None


def test_the_data_describe_their_columns() -> None:
    data = open_data(figures_of([Counts(summoned=9, present=9)]))
    schema = data["schema"]
    assert isinstance(schema, dict)
    assert [field["name"] for field in schema["fields"]] == list(FIELDS)
    assert all(field["title"] for field in schema["fields"])
