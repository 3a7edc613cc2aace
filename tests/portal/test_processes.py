"""Test that work is shared among processes, and done all the same if a process fails."""

import os
import signal
import threading
from pathlib import Path

import pytest
from portal import processes
from portal.content.front_matter import ContentFaults
from portal.editor.builder import Builder
from portal.processes import map_on_all_cores

from tests.portal.test_commands import files_in


@pytest.fixture(autouse=True)
def three_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LEAST_SHARE", 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    monkeypatch.setattr(threading, "active_count", lambda: 1)  # pytest-xdist has threads


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7, 20])
def test_results_are_in_the_order_of_the_items(count: int) -> None:
    items = list(range(count))

    assert map_on_all_cores(lambda item: item * 2, items) == [item * 2 for item in items]


def test_many_items_are_worked_on_by_all_cores() -> None:
    main_process = os.getpid()
    workers = map_on_all_cores(lambda _: os.getpid(), range(9))

    assert len(set(workers)) == 3
    assert workers[0] == main_process


def test_a_process_with_threads_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 2)

    assert set(map_on_all_cores(lambda _: os.getpid(), range(9))) == {os.getpid()}


@pytest.mark.parametrize("size", [1, 500_000])
@pytest.mark.parametrize("number", [0, 1, 5])
def test_an_error_in_any_process_is_raised(number: int, size: int) -> None:
    def work(item: int) -> str:
        if item == number:
            raise ValueError(f"item {item}")
        return "x" * size  # more than a pipe holds

    with pytest.raises(ValueError, match=f"item {number}"):
        map_on_all_cores(work, range(9))


def test_the_work_of_a_process_that_was_killed_is_done_here() -> None:
    main_process = os.getpid()

    def work(item: int) -> int:
        if item == 4 and os.getpid() != main_process:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    assert map_on_all_cores(work, range(9)) == list(range(9))


def test_a_build_on_all_cores_equals_a_build_on_one(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        text = (content / "materials" / "a.md").read_text("utf-8")
        copied = text.replace("code: cv1", f"code: cv1x{number}")
        (content / "materials" / f"a{number}.md").write_text(copied, "utf-8")
    builder = Builder(content)
    builder.make(builder.read(), tmp_path / "all-cores")
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    builder = Builder(content)
    builder.make(builder.read(), tmp_path / "one-core")

    assert files_in(tmp_path / "all-cores") == files_in(tmp_path / "one-core")


def test_faults_are_told_in_the_order_of_the_files(content: Path) -> None:
    text = (content / "materials" / "a.md").read_text("utf-8")
    for number in range(6):
        faulty = text.replace("code: cv1", f"code: cv1x{number}") + f"\nSinh năm 198{number}.\n"
        (content / "materials" / f"b{number}.md").write_text(faulty, "utf-8")

    with pytest.raises(ContentFaults) as raised:
        Builder(content).read()

    names = [fault.path.name for fault in raised.value.faults]
    assert names == [f"b{number}.md" for number in range(6)]
