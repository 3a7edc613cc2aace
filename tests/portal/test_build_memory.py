"""Test that a build reuses results of the last build only if they are still valid.

The last build may have run in another process.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from portal.content.front_matter import ContentFaults
from portal.content.guard import Guard, RosterEntry
from portal.editor import build_memory
from portal.editor.builder import Builder

from tests.portal.test_commands import files_in, write_picture
from tests.portal.test_content import replace_in_file

PAGE = "t/cv1.html"


def test_a_build_after_any_edit_equals_a_build_without_a_memory(
    content: Path, tmp_path: Path
) -> None:
    material, meeting = content / "materials" / "a.md", content / "meetings" / "m.md"
    picture = content / "images" / "so-do.png"
    edits: list[Callable[[], object]] = [
        lambda: None,
        lambda: write_picture(picture, 100),
        lambda: replace_in_file(material, "Nội dung.", "![Sơ đồ](../images/so-do.png)"),
        lambda: write_picture(picture, 3000),
        lambda: replace_in_file(content / "directory.yaml", "Chi bộ Một", "Chi bộ Hai"),
        lambda: (content / "meetings" / "n.md").write_text(
            meeting.read_text("utf-8").replace("2024-08-22", "2024-09-05").replace("[cv1]", "[]"),
            "utf-8",
        ),
        lambda: replace_in_file(material, "summary:", "withdrawn: 2024-08-23\nsummary:"),
        lambda: replace_in_file(meeting, "basis: [cv1]", "basis: []"),
        (content / "materials" / "a.md").unlink,
        picture.unlink,
    ]
    for number, edit in enumerate(edits):
        edit()
        _build(content, tmp_path / "output")
        fresh = Builder(content)
        fresh.make(fresh.read(), tmp_path / f"fresh-{number}")
        assert files_in(tmp_path / "output") == files_in(tmp_path / f"fresh-{number}")


def test_unchanged_files_are_the_same_files_and_changed_ones_are_new(
    content: Path, tmp_path: Path
) -> None:
    page, other_page = tmp_path / "output" / PAGE, tmp_path / "output" / "hoi-nghi" / "m.html"
    _build(content, tmp_path / "output")
    inode, other_inode = page.stat().st_ino, other_page.stat().st_ino

    replace_in_file(content / "meetings" / "m.md", "title: Khai mạc", "title: Chào cờ")
    _build(content, tmp_path / "output")

    assert page.stat().st_ino == inode
    assert other_page.stat().st_ino != other_inode


@pytest.mark.parametrize("spoil", ["change", "truncate", "delete", "delete all"])
def test_a_file_that_is_not_as_the_build_left_it_is_made_again(
    content: Path, tmp_path: Path, spoil: str
) -> None:
    _build(content, tmp_path / "output")
    before = files_in(tmp_path / "output")
    page = tmp_path / "output" / PAGE
    match spoil:
        case "change":
            page.write_bytes(page.read_bytes().replace(b"cv1", b"cv2"))
        case "truncate":
            page.write_bytes(b"")
        case "delete":
            page.unlink()
        case _:
            (tmp_path / "output").rename(tmp_path / "elsewhere")

    _build(content, tmp_path / "output")

    assert files_in(tmp_path / "output") == before


def test_people_of_a_new_list_are_found_in_files_that_did_not_change(
    content: Path, tmp_path: Path
) -> None:
    replace_in_file(
        content / "materials" / "a.md", "Nội dung.", "Đồng chí Lý Thử Nghiệm phát biểu."
    )
    _build(content, tmp_path / "output")

    with pytest.raises(ContentFaults, match=r"a\.md"):
        _build(content, tmp_path / "output", Guard([RosterEntry("M1", "Lý Thử Nghiệm")]))


def test_a_number_that_no_page_allows_any_more_is_found_in_files_that_did_not_change(
    content: Path, tmp_path: Path
) -> None:
    page = content / "pages" / "lien-he.md"
    allowing = 'public_contacts: ["0912345678"]\n'
    page.write_text(f"---\ntitle: Liên hệ\nsummary: Một câu\n{allowing}---\n0912345678\n", "utf-8")
    replace_in_file(content / "directory.yaml", "Chi bộ Một", "Chi bộ Một 0912345678")
    _build(content, tmp_path / "output")

    page.write_text("---\ntitle: Liên hệ\nsummary: Một câu\n---\nMột câu.\n", "utf-8")

    with pytest.raises(ContentFaults, match=r"diem-cau\.html"):
        _build(content, tmp_path / "output")


def test_a_build_that_failed_is_not_remembered(
    content: Path, tmp_path: Path, build_memories: Path
) -> None:
    (content / "materials" / "a.md").write_text("không có phần đầu", "utf-8")

    with pytest.raises(ContentFaults):
        _build(content, tmp_path / "output")

    assert not build_memories.exists()


@pytest.mark.parametrize("spoil", [b"", b"\x80\x05", b"not a pickle", b"cno_module\nX\n."])
def test_a_damaged_memory_costs_only_time(
    content: Path, tmp_path: Path, build_memories: Path, spoil: bytes
) -> None:
    _build(content, tmp_path / "output")
    before = files_in(tmp_path / "output")
    (memory,) = build_memories.iterdir()
    conditions = memory.read_bytes().partition(b"\n")[0] + b"\n"
    memory.write_bytes(conditions + spoil)

    _build(content, tmp_path / "output")

    assert files_in(tmp_path / "output") == before
    assert memory.read_bytes() != conditions + spoil


def test_no_person_of_the_list_is_kept_on_disk(
    content: Path, tmp_path: Path, build_memories: Path
) -> None:
    _build(content, tmp_path / "output", Guard([RosterEntry("M1", "Lý Thử Nghiệm")]))
    (memory,) = build_memories.iterdir()

    assert "Nghiệm".encode() not in memory.read_bytes()
    assert "nghiem" not in memory.read_bytes().decode("latin-1").lower()


def test_a_changed_program_makes_everything_anew(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = tmp_path / "site" / "page.html"
    template.parent.mkdir()
    template.write_text("một")
    monkeypatch.setattr(build_memory, "ROOT", tmp_path)
    monkeypatch.setattr(build_memory, "PROGRAM", ("site",))
    _build(content, tmp_path / "output")
    guard = Guard()
    url = Builder(content).url
    assert build_memory.load(content, url, guard)

    template.write_text("hai ba")

    assert build_memory.load(content, url, guard) is None


def test_only_the_newest_memories_are_kept(
    content: Path, tmp_path: Path, build_memories: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_memory, "MOST_MEMORIES", 2)
    urls = [f"https://portal-{number}.example" for number in range(4)]
    for url in urls:
        monkeypatch.setenv("PUBLIC_URL", url)
        _build(content, tmp_path / "output")

    are_kept = [build_memory.load(content, url, Guard()) is not None for url in urls]
    assert are_kept == [False, False, True, True]


def _build(content: Path, output: Path, guard: Guard | None = None) -> None:
    """Build the portal (the public website) with a new builder, as a new process would.

    The builder knows only what is on disk. `guard` searches texts for personal data and for the
    names in a list of people; by default, that list is empty.
    """
    builder = Builder(content, guard)
    builder.replace(builder.read(), output)
