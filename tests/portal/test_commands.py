"""Test which files the editors' commands create, change or leave alone."""

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from portal.content.loading import load
from portal.editor.builder import Builder, BuildFault
from portal.editor.new_files import withdraw, write_new
from portal.editor.publish import PublishTarget
from portal.editor.serve import Versions, rebuild

import build
from tests.portal.test_content import replace_in_file

FIRST_PAGE_BYTES = 11_000
"""The most bytes that a compressed page may have. The first packets of a connection carry 14,000
bytes; the page's script and QR code need the rest."""


def answer_in_turn(*replies: str) -> Callable[[str], str]:
    remaining: Iterator[str] = iter(replies)
    return lambda _: next(remaining)


def test_a_new_material_is_asked_for_and_valid(content: Path) -> None:
    messages: list[str] = []
    replies = ("CV 9", "cv1", "cv9", "Công văn mới", "cong_van", "", "2024-13-01", "2024-08-13")

    path = write_new(
        content, "material", answer_in_turn(*replies, "Tỉnh uỷ", "Một câu"), messages.append
    )

    refusals = [message for message in messages if message.startswith(("«", "mã"))]
    assert len(refusals) == 3  # an invalid code, a code in use, an invalid day
    loaded = load(content)
    assert loaded.materials["cv9"].matter.kind == "CONG_VAN"
    assert sorted(str(warning) for warning in loaded.warnings if path.name in str(warning))


def test_letters_that_cannot_be_read_are_asked_for_again(content: Path) -> None:
    messages: list[str] = []
    replies = ("cv9", "Th\udcf4ng báo", "Thông báo", "", "", "2026-2-3", "Tỉnh uỷ", "Một câu")

    path = write_new(content, "material", answer_in_turn(*replies), messages.append)

    assert "không đọc được" in "".join(messages)
    assert 'date: "2026-02-03"' in path.read_text("utf-8")


def test_a_new_meeting_is_named_by_its_day_and_title(content: Path) -> None:
    replies = ("Học tập quý IV: «mới»", "hoi_nghi", "truc_tuyen", "Đảng uỷ", "khoi", "2026-12-18")

    path = write_new(
        content, "meeting", answer_in_turn(*replies, "07:30", "11:00", "Một câu"), print
    )

    assert path.name == "2026-12-18-hoc-tap-quy-iv-moi.md"
    assert len(load(content).meetings) == 2


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_withdrawing_changes_one_line_with_any_line_ending(content: Path, ending: str) -> None:
    path = content / "materials" / "a.md"
    text = path.read_text("utf-8").replace("\n", ending) + "một\r\nhai\n"
    path.write_bytes(text.encode())

    withdraw(content, "cv1", datetime(2024, 8, 22, 20, tzinfo=UTC))

    assert f"{load(content).materials['cv1'].matter.withdrawn}" == "2024-08-23"
    assert path.read_bytes().endswith("một\r\nhai\n".encode())
    with pytest.raises(BuildFault):
        withdraw(content, "cv1", datetime(2024, 8, 22, tzinfo=UTC))
    with pytest.raises(BuildFault):
        withdraw(content, "zz9", datetime(2024, 8, 22, tzinfo=UTC))


def files_in(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def write_picture(path: Path, width: int) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (width, 50), "red").save(path)


def test_building_again_equals_a_fresh_build(content: Path, tmp_path: Path) -> None:
    write_picture(content / "images" / "so-do.png", 100)
    material, meeting = content / "materials" / "a.md", content / "meetings" / "m.md"
    (content / "materials" / "a.txt").write_text("một")
    builder = Builder(content)
    edits: list[Callable[[], Any]] = [
        lambda: replace_in_file(material, "Nội dung.", "![Sơ đồ](../images/so-do.png)"),
        lambda: write_picture(content / "images" / "so-do.png", 3000),
        lambda: replace_in_file(material, "title: Công văn", "title: Tên khác"),
        lambda: replace_in_file(material, "summary: Tóm tắt", "summary: x\nfile: a.txt"),
        lambda: (content / "materials" / "a.txt").write_text("hai ba"),
        lambda: replace_in_file(meeting, "basis: [cv1]", "basis: []"),
        lambda: replace_in_file(material, "issuer:", "public_from: 2999-01-01 07:30\nissuer:"),
        meeting.unlink,
    ]
    for edit in edits:
        edit()
        builder.make(builder.read(), tmp_path / "again")
        fresh = Builder(content)
        fresh.make(fresh.read(), tmp_path / "fresh")
        assert files_in(tmp_path / "again") == files_in(tmp_path / "fresh")
        for path in sorted((tmp_path / "fresh").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()


def test_a_picture_is_made_small_and_listed_with_its_meeting(content: Path, tmp_path: Path) -> None:
    write_picture(content / "images" / "so-do.png", 3000)
    replace_in_file(content / "materials" / "a.md", "Nội dung.", "![Sơ đồ](../images/so-do.png)")
    build.main(["--content", str(content), "--output", str(tmp_path / "output")])

    with Image.open(tmp_path / "output" / "hinh" / "so-do.webp") as resized:
        assert resized.size == (1200, 20)
    assert 'width="1200" height="20"' in (tmp_path / "output/t/cv1.html").read_text("utf-8")
    files = json.loads((tmp_path / "output/lists/m-m.json").read_bytes())
    assert "hinh/so-do.webp" in {path for path, _, _ in files}


def test_a_held_or_withdrawn_text_is_nowhere_in_the_portal(content: Path, tmp_path: Path) -> None:
    (content / "materials" / "a.txt").write_text("chữ kín trong tệp")
    for line in ("public_from: 2999-01-01 07:30", "withdrawn: 2024-08-23"):
        page = content / "materials" / "a.md"
        before = page.read_bytes()
        replace_in_file(page, "summary: Tóm tắt", f"summary: điều kín\nfile: a.txt\n{line}")
        replace_in_file(page, "Nội dung.", "chữ kín")
        build.main(["--content", str(content), "--output", str(tmp_path / "output")])
        for name, file_bytes in files_in(tmp_path / "output").items():
            assert b"k\xc3\xadn" not in file_bytes or name.startswith("app/"), name
        top = json.loads((tmp_path / "output" / "manifest.json").read_bytes())
        withdrawn_paths = {path for path, _ in top["withdrawn"]}
        assert withdrawn_paths == {"t/cv1.html", "tim/t-cv1.js", "tep/a.txt"}
        page.write_bytes(before)


def test_a_long_text_is_split_into_parts_that_fit_the_first_packets(
    content: Path, tmp_path: Path
) -> None:
    words = (Path(build.ROOT) / "content" / "materials" / "bai-bao.md").read_text("utf-8").split()
    picked = [words[(n * n * 31 + n * 17 + n // 7) % len(words)] for n in range(12_000)]
    text = "\n\n".join(" ".join(picked[at : at + 100]) for at in range(0, len(picked), 100))
    replace_in_file(content / "materials" / "a.md", "Nội dung.", text)
    build.main(["--content", str(content), "--output", str(tmp_path / "output")])

    parts = sorted((tmp_path / "output" / "t").glob("cv1*.html"))

    assert len(parts) > 2
    for part in parts:
        assert len(gzip.compress(part.read_bytes())) <= FIRST_PAGE_BYTES, part.name
    assert 'href="../t/cv1-2.html"' in (tmp_path / "output/t/cv1.html").read_text("utf-8")


def test_a_material_of_no_meeting_can_be_found(content: Path, tmp_path: Path) -> None:
    replace_in_file(content / "meetings" / "m.md", "basis: [cv1]", "basis: []")
    build.main(["--content", str(content), "--output", str(tmp_path / "output")])

    assert b"cv1" in (tmp_path / "output" / "tim" / "khac.js").read_bytes()


def test_serving_keeps_the_last_good_pages_and_reports_the_fault(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.editor.serve.FOLDER", tmp_path / "serve")
    (tmp_path / "serve").mkdir()
    messages: list[str] = []
    builder, versions = Builder(content), Versions()

    def report(*words: object, **_: object) -> None:
        messages.extend(map(str, words))

    assert rebuild(builder, versions, report)
    replace_in_file(content / "materials" / "a.md", "CONG_KHAI", "MAT")
    assert not rebuild(builder, versions, report)
    assert "content/materials/a.md:5: " in "".join(messages)
    assert (tmp_path / "serve" / "t" / "cv1.html").is_file()
    replace_in_file(content / "materials" / "a.md", "MAT", "CONG_KHAI")
    assert rebuild(builder, versions, report)
    assert versions.after("0") == "2"


def test_going_back_never_activates_a_later_release(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"release": "later", "serves_from": "2999-01-01T00:00:00.000Z", "is_served": False},
        {"release": "now", "serves_from": "2024-08-22T00:00:00.000Z", "is_served": True},
        {"release": "before", "serves_from": "2024-08-21T00:00:00.000Z", "is_served": False},
        {"release": "never", "serves_from": None, "is_served": False},
    ]
    target = PublishTarget("http://localhost:1", "oa_x")
    monkeypatch.setattr(target, "list_releases", lambda: rows)
    monkeypatch.setattr(target, "activate", lambda release: None)

    assert target.go_back("") == "before"
    with pytest.raises(BuildFault):
        target.go_back("later")


@pytest.mark.parametrize("url", ["http://xa.vn", "ftp://localhost", "localhost:8000"])
def test_a_token_is_sent_only_over_https_or_to_this_machine(url: str) -> None:
    with pytest.raises(BuildFault):
        PublishTarget(url, "oa_x")


@pytest.mark.parametrize("output", ["content", "content/materials", ".", "Desktop", "letter.docx"])
def test_a_build_replaces_nothing_but_an_earlier_portal(
    content: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    root = content.parent
    (root / "Desktop").mkdir()
    for path in (root / "Desktop" / "thesis.docx", root / "letter.docx"):
        path.write_text("x", "utf-8")
    before = sorted(root.rglob("*"))

    assert build.main(["--content", str(content), "--output", str(root / output)]) == 1

    assert sorted(path for path in root.rglob("*") if "cache" not in path.parts) == before
    assert "Hãy chọn" in capsys.readouterr().err


def test_a_pack_replaces_nothing_but_an_earlier_pack(
    content: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stick = content.parent / "stick"
    command = ["pack", "--content", str(content), "--output", str(content.parent / "output")]
    assert build.main([*command, "--to", str(stick)]) == 0
    assert build.main([*command, "--to", str(stick)]) == 0
    (stick / "diem-cau" / "Thumbs.db").write_text("x", "utf-8")  # Windows leaves it behind
    assert build.main([*command, "--to", str(stick)]) == 0
    (stick / "diem-cau" / "letter.docx").write_text("x", "utf-8")

    assert build.main([*command, "--to", str(stick)]) == 1
    assert build.main([*command, "--to", str(content)]) == 1

    assert (stick / "diem-cau" / "letter.docx").exists()
    assert "--to" in capsys.readouterr().err
