"""Roster and summons files: read whole or refused, with every faulty row by its number."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from sync_server.acts.roster_files import KnownCodes, RosterFault, SummonsRow, read_file
from sync_server.domain.names import fold

KNOWN_CODES = KnownCodes(
    units=frozenset({"U01"}),
    points=frozenset({"P001"}),
    meetings=frozenset({"m-1"}),
    people=frozenset({"M1", "M2"}),
)
HEADING = "person,full_name,unit,position,membership,birth_year"
SUMMONS = "meeting,point,person,seat"


def write_file(path: Path, text: str, encoding: str = "utf-8-sig") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def faults_of(path: Path) -> list[str]:
    with pytest.raises(RosterFault) as raised:
        read_file(path, KNOWN_CODES, 2026)
    return raised.value.faults


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_roster_is_read_with_either_separator(tmp_path: Path, separator: str) -> None:
    text = f"{HEADING}\nM1,Mẫu  Văn An,U01,Phó Bí thư,dự bị,1980\n\nM2,Mẫu Thị Bình,U01,,,\n"

    first, second = read_file(
        write_file(tmp_path / "r.csv", text.replace(",", separator)), KNOWN_CODES, 2026
    )

    assert first.person == "M1"
    assert not isinstance(first, SummonsRow)
    assert first.full_name == "Mẫu Văn An"
    assert (first.position, first.membership, first.birth_year) == (
        "PHO_BI_THU",
        "PROBATIONARY",
        1980,
    )
    assert not isinstance(second, SummonsRow)
    assert (second.membership, second.birth_year) == ("NONE", None)


def test_a_spreadsheet_reads_like_a_csv_file(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEADING.split(","), ["M1", "Mẫu Văn An", "U01", "Bí thư", "chính thức", 1980.0]):
        sheet.append(row)
    book.save(tmp_path / "r.xlsx")

    (person,) = read_file(tmp_path / "r.xlsx", KNOWN_CODES, 2026)

    assert not isinstance(person, SummonsRow)
    assert (person.position, person.birth_year) == ("BI_THU", 1980)


def test_names_are_stored_in_composed_form(tmp_path: Path) -> None:
    decomposed = "Mâ\u0303u Viê\u0323t"
    text = f"{HEADING}\nM1,{decomposed},U01,,,\n"

    (person,) = read_file(write_file(tmp_path / "r.csv", text), KNOWN_CODES, 2026)

    assert not isinstance(person, SummonsRow)
    assert person.full_name == "Mẫu Việt"


def test_every_faulty_row_is_named(tmp_path: Path) -> None:
    rows = ["m 1,An,U01,,,", "M1,,U99,,khác,1800", "M2,Bình,U01,,,x", "M2,Bình,U01,,,1990"]

    faults = faults_of(write_file(tmp_path / "r.csv", "\n".join([HEADING, *rows])))

    assert [fault.split(",")[0].split(":")[0] for fault in faults] == [
        "Dòng 2",
        "Dòng 3",
        "Dòng 3",
        "Dòng 3",
        "Dòng 3",
        "Dòng 4",
        "Dòng 5",
    ]
    assert "«U99»" in faults[2]
    assert "dòng 4" in faults[-1]


def test_a_summons_knows_its_meeting_points_and_people(tmp_path: Path) -> None:
    (row,) = read_file(
        write_file(tmp_path / "s.csv", f"{SUMMONS}\nm-1,P001,M1,A1\n"), KNOWN_CODES, 2026
    )

    assert row == SummonsRow("m-1", "P001", "M1", "A1")


def test_a_summons_seats_nobody_twice_and_nobody_on_a_taken_seat(tmp_path: Path) -> None:
    rows = ["m-1,P001,M1,A1", "m-1,P001,M2,A1", "m-1,P001,M1,A2", "m-2,P99,M9,"]

    faults = faults_of(write_file(tmp_path / "s.csv", "\n".join([SUMMONS, *rows])))

    assert sum("Dòng 5" in fault for fault in faults) == 3
    assert any("Dòng 3" in fault and "«A1»" in fault for fault in faults)
    assert any("Dòng 4" in fault and "«M1»" in fault for fault in faults)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.csv", b"person,name\nM1,An\n"),
        ("r.csv", b""),
        ("r.csv", "person;full_name\nM1;H\u1ed3ng".encode("utf-16")),
        ("r.csv", b"person,full_name\nM1,H\xf6ng\n"),
        ("r.xlsx", b"no spreadsheet"),
    ],
)
def test_a_file_of_another_kind_is_one_fault(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    assert len(faults_of(path)) == 1


@pytest.mark.parametrize(
    "row",
    [
        f"M1,{'x' * 121},U01,,,",
        "M1,An\x00,U01,,,",
        f"M1,An,U01,{'y' * 121},,",
        f"M1,An,U01,,,{'9' * 5000}",
    ],
)
def test_a_value_that_no_table_can_hold_is_reported_and_never_crashes(
    tmp_path: Path, row: str
) -> None:
    (fault,) = faults_of(write_file(tmp_path / "r.csv", f"{HEADING}\n{row}\n"))

    assert fault.startswith("Dòng 2")


def test_a_seat_that_no_roll_can_hold_is_reported(tmp_path: Path) -> None:
    (fault,) = faults_of(write_file(tmp_path / "s.csv", f"{SUMMONS}\nm-1,P001,M1,{'A' * 17}\n"))

    assert "seat" in fault


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("none.csv", "none.xlsx"):
        assert name in faults_of(tmp_path / name)[0]


def test_folding_knows_both_ways_to_write_a_d() -> None:
    assert fold("Đà Ðặng đồng") == "da dang dong"
