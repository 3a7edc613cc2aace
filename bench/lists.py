"""Measure how long the server takes to read a list of people and compare it with stored people.

The peer for comparison is openpyxl, which only reads the cells of the same file. The server's code
also looks for doubtful cells, finds the unit (organisation) and the stored person that a row names,
and notes the differences. Every size runs in a separate process, so that its peak memory can be
measured. Run with `python -m bench.lists`.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SIZES = (5_000, 50_000)
BIRTH_YEARS = (1955, 2004)
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi")
_MIDDLE = ("Văn", "Thị", "Đức", "Minh", "Thu", "Quang")
_GIVEN = ("An", "Bình", "Cường", "Dũng", "Hoa", "Hạnh", "Yến", "Tuấn", "Mai", "Long")


def write_list(path: Path, size: int) -> None:
    """Write an XLSX list of `size` invented people from 72 organisations to `path`."""
    from xlsxwriter import Workbook

    dice = random.Random(1)  # noqa: S311 - a fixed seed gives the same list in every run
    book = Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["STT", "Mã", "Họ và tên", "Ngày sinh", "Đơn vị", "Chức vụ", "Đảng viên"])
    for number in range(1, size + 1):
        name = f"{dice.choice(_FAMILY)} {dice.choice(_MIDDLE)} {dice.choice(_GIVEN)}"
        birth = f"{dice.randint(1, 28):02}/{dice.randint(1, 12):02}/{dice.randint(*BIRTH_YEARS)}"
        unit = f"Đảng bộ Sở số {number % 72}"
        sheet.write_row(number, 0, [number, f"M{number:05}", name, birth, unit, "", "chính thức"])
    book.close()


def measure_ours(path: Path, size: int) -> None:
    """Read the list of people at `path`, and compare the people with `size // 2` stored people.

    Print one line of JSON: the time in seconds (`seconds`) and the peak memory in MB (`mb`).
    Raises: AssertionError if the comparison leaves out people or finds faults in the list.
    """
    from sync_server.acts import people_lists
    from sync_server.acts.people_lists import ListChoices
    from sync_server.domain.unit_names import UnitNames
    from sync_server.sheets.files import read_file
    from sync_server.sheets.tables import find_table
    from sync_server.storage.people.roster import RosterPerson

    units = UnitNames({f"U{number:02}": f"Đảng bộ Sở số {number}" for number in range(72)})
    stored = [
        RosterPerson(f"M{number:05}", "Nguyễn Văn An", "U01", "", "OFFICIAL", 1980)
        for number in range(1, size, 2)
    ]
    start = time.perf_counter()
    table = find_table(
        read_file(path),
        used=people_lists.USED,
        is_unit=lambda text: units.find(text) is not None,
    )
    plan = people_lists.plan_people(table, stored, units, UnitNames({}), ListChoices(), 2026)
    seconds = time.perf_counter() - start
    assert not plan.faults
    assert len(plan.new) + len(plan.changed) + plan.unchanged == size
    _print(seconds)


def measure_peer(path: Path) -> None:
    """Read every cell of the list at `path` with openpyxl.

    Print one line of JSON: the time in seconds (`seconds`) and the peak memory in MB (`mb`).
    """
    from openpyxl import load_workbook

    start = time.perf_counter()
    book = load_workbook(path, read_only=True)
    sheet: Any = book.active
    cells = sum(cell is not None for row in sheet.iter_rows(values_only=True) for cell in row)
    assert cells
    _print(time.perf_counter() - start)


def _print(seconds: float) -> None:
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "mb": peak_mb}) + "\n")


def _run(what: str, path: Path, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.lists", what, str(path), str(size)]
    result = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    figures: dict[str, float] = json.loads(result.stdout)
    return figures


def main() -> None:
    """Measure the server's code and openpyxl for every size in `SIZES`; print one line per size."""
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = Path(folder) / f"{size}.xlsx"
            write_list(path, size)
            ours, peer = _run("ours", path, size), _run("peer", path, size)
            ratio = ours["seconds"] / peer["seconds"]
            sys.stdout.write(
                f"{size:>6} people: read, matched and compared in {ours['seconds']:.2f} s, "
                f"{ours['mb']:.0f} MB; openpyxl alone reads them in {peer['seconds']:.2f} s, "
                f"{peer['mb']:.0f} MB: ratio {ratio:.2f}\n"
            )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ours", path, size]:
            measure_ours(Path(path), int(size))
        case ["peer", path, _]:
            measure_peer(Path(path))
        case _:
            main()
