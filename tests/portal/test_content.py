"""Test that all faults in editors' files are reported, with their lines, before a build starts."""

import subprocess
import sys
from pathlib import Path

import pytest
from portal.content.front_matter import ContentFaults
from portal.content.loading import load

import build
from sync_server.config import ROOT

DIRECTORY = """\
units:
  - {code: U01, name: Chi bộ Một, type: DOANH_NGHIEP, form: CHI_BO_CO_SO}
points:
  - {code: P001, unit: U01}
"""
MEETING = """\
---
title: Hội nghị
kind: HOI_NGHI
mode: TRUC_TUYEN
host: Đảng uỷ
host_level: KHOI
date: 2024-08-22
starts: 07:30
ends: 17:20
summary: Tóm tắt
basis: [cv1]
agenda:
  - {at: 07:30, kind: KHAI_MAC, title: Khai mạc}
---
"""
MATERIAL = """\
---
code: cv1
title: Công văn
kind: CONG_VAN
circulation: CONG_KHAI
date: 2024-08-12
issuer: Tỉnh uỷ
summary: Tóm tắt
---
Nội dung.
"""


def replace_in_file(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def faults_of(root: Path) -> list[str]:
    with pytest.raises(ContentFaults) as raised:
        load(root)
    return [str(fault) for fault in raised.value.faults]


def test_times_stay_as_the_editor_wrote_them(content: Path) -> None:
    (meeting,) = load(content).meetings

    assert meeting.matter.ends == "17:20"
    assert f"{meeting.instant('07:30'):%Y-%m-%d %H:%M %Z}" == "2024-08-22 00:30 UTC"


@pytest.mark.parametrize(
    ("old", "new", "line", "expected_text"),
    [
        ("date: 2024-08-22", "date: 2024-02-30", 7, "2024-02-30"),
        ("starts: 07:30", "starts: 7h30", 8, "07:30"),
        ("ends: 17:20", "ends: 07:00", 9, "07:00"),
        ("basis: [cv1]", "basis: [cv1, cv9]", 11, "cv9"),
        ("basis: [cv1]", "points: [P001, P404]", 11, "P404"),
        ("basis: [cv1]", "main_point: P404", 11, "P404"),
        ("basis: [cv1]", "speaker: ai đó", 11, "speaker"),
        ("basis: [cv1]", "host: lần nữa", 11, "host"),
        ("basis: [cv1]", "basis: cv1", 11, "basis"),
        ("kind: HOI_NGHI\n", "kind: TIEC\n", 3, "HOI_NGHI_HOC_TAP"),
        ("at: 07:30", "at: 25:00", 13, "25:00"),
        ("host: Đảng uỷ\n", "", 2, "host"),
        ("title: Hội nghị", "[a, b]: c\ntitle: Hội nghị", 2, "tên mục"),
        ("title: Hội nghị\n", "title: Hội: nghị: lạ\n", 2, "dấu hai chấm"),
        ("title: Hội nghị\n", "title: [Dự thảo] Hội nghị\n", 2, "dấu nháy đơn"),
        ("title: Hội nghị\n", 'title: "Hội nghị" lần hai\n', 2, "dấu nháy đơn"),
        ("title: Hội nghị\n", "title: %Hội nghị\n", 2, "dấu nháy đơn"),
    ],
)
def test_a_fault_of_a_meeting_is_reported_by_line(
    content: Path, old: str, new: str, line: int, expected_text: str
) -> None:
    replace_in_file(content / "meetings" / "m.md", old, new)

    (fault,) = faults_of(content)

    assert fault.startswith(f"content/meetings/m.md:{line}: ")
    assert expected_text in fault


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("circulation: CONG_KHAI", "circulation: MAT", 5),
        ("circulation: CONG_KHAI", "circulation: LUU_HANH_NOI_BO", 5),
        ("summary: Tóm tắt", "summary: x\nfile: none.pdf", 9),
        ("summary: Tóm tắt", "summary: x\nfile: ../../secret", 9),
        ("Nội dung.", "", 2),
    ],
)
def test_a_material_that_must_not_or_cannot_be_published_is_refused(
    content: Path, old: str, new: str, line: int
) -> None:
    replace_in_file(content / "materials" / "a.md", old, new)

    (fault,) = faults_of(content)

    assert fault.startswith(f"content/materials/a.md:{line}: ")


def test_all_faults_of_all_files_are_reported_together(content: Path) -> None:
    replace_in_file(content / "meetings" / "m.md", "date: 2024-08-22", "date: hôm nay")
    replace_in_file(content / "meetings" / "m.md", "kind: KHAI_MAC", "kind: KHAI")
    replace_in_file(content / "materials" / "a.md", "CONG_KHAI", "MAT")
    replace_in_file(content / "directory.yaml", "unit: U01", "unit: U99")
    (content / "materials" / "b.md").write_text(MATERIAL, "utf-8")
    (content / "pages" / "p.md").write_bytes(b"---\ntitle: B\xe0i\n---\n")
    (content / "pages" / "q.md").write_text("no front matter", "utf-8")

    faults = faults_of(content)

    assert [fault.split(": ")[0] for fault in faults] == [
        "content/directory.yaml:4",
        "content/materials/a.md:5",
        "content/materials/b.md:2",
        "content/meetings/m.md:7",
        "content/meetings/m.md:13",
        "content/pages/p.md:2",
        "content/pages/q.md:1",
    ]


def test_a_fault_does_not_hide_a_wrong_reference(content: Path) -> None:
    replace_in_file(content / "meetings" / "m.md", "date: 2024-08-22", "date: 2024-13-22")
    replace_in_file(content / "meetings" / "m.md", "basis: [cv1]", "basis: [cv1, ct99]")
    replace_in_file(content / "materials" / "a.md", "date: 2024-08-12", "date: hôm qua")

    faults = faults_of(content)

    assert [fault.split(": ")[0] for fault in faults] == [
        "content/materials/a.md:6",
        "content/meetings/m.md:7",
        "content/meetings/m.md:11",
    ]


def test_a_name_that_cannot_be_an_address_is_reported(content: Path) -> None:
    (content / "pages" / "Hướng dẫn.md").write_text("---\ntitle: x\nsummary: y\n---\n", "utf-8")

    assert "Hướng dẫn.md:1: " in faults_of(content)[0]


def test_a_build_in_which_pelican_makes_nothing_leaves_the_old_portal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "output"
    output.mkdir()
    (output / "index.html").write_text("the old one")
    monkeypatch.setattr("pelican.Pelican.run", lambda self: None)

    status = build.main(["--content", str(ROOT / "content"), "--output", str(output)])

    assert status == 1
    assert (output / "index.html").read_text() == "the old one"
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


def test_a_missing_directory_is_reported(content: Path) -> None:
    (content / "directory.yaml").unlink()

    assert "directory.yaml:1" in faults_of(content)[0]


def test_a_faulty_build_leaves_the_old_portal_and_nothing_half_built(
    content: Path, tmp_path: Path
) -> None:
    replace_in_file(content / "meetings" / "m.md", "date: 2024-08-22", "date: 2024-13-01")
    output = tmp_path / "output"
    output.mkdir()
    (output / "index.html").write_text("the old one")

    result = subprocess.run(  # noqa: S603 - runs only our command
        [sys.executable, "build.py", "--content", str(content), "--output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )

    assert result.returncode == 1
    assert "content/meetings/m.md:7: " in result.stderr
    assert [path.name for path in output.iterdir()] == ["index.html"]
    assert not list(tmp_path.glob("output.*"))


def test_our_content_has_no_faults_and_names_no_person() -> None:
    loaded = load(ROOT / "content")

    assert len(loaded.meetings) == 3
    assert len(loaded.materials) >= 8
    assert len({material.matter.kind for material in loaded.materials.values()}) >= 7
    assert len(loaded.directory.units) == len(loaded.directory.points) == 72
    assert len({unit.type for unit in loaded.directory.units}) == 5
