"""Sheets: what unfolds into gigabytes is refused before it is read."""

import zipfile
from pathlib import Path

import pytest

from sync_server.sheets import MAX_CSV_COLUMNS, MAX_INFLATED_BYTES, SheetFault, read_sheet


@pytest.mark.parametrize("part", ["xl/styles.xml", "[Content_Types].xml", "xl/worksheets/s.xml"])
def test_a_bomb_is_refused_by_its_size(tmp_path: Path, part: str) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(part, b"<a/>" * (MAX_INFLATED_BYTES // 4 + 1))

    with pytest.raises(SheetFault, match="too_large"):
        read_sheet(path)


@pytest.mark.parametrize(
    "text",
    [";" * (MAX_CSV_COLUMNS + 1), "x" * 200_000, "x\n" * 100_001],
    ids=["wide", "cell", "long"],
)
def test_a_csv_beyond_its_bounds_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)

    with pytest.raises(SheetFault, match="too_large"):
        read_sheet(path)
