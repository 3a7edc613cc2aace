"""Test that tasks and essays after a conference are recorded, and only by responsible people."""

import re
from collections.abc import Callable

import pytest

from sync_server.database import reading
from sync_server.domain.judging.hall import FollowUps
from sync_server.domain.records.permissions import Profile
from sync_server.storage.ledger import standings
from sync_server.storage.ledger.streams import StreamKey
from tests.factories import MEETING
from tests.office.desk import Desk

PAGE = f"/hoi-nghi/{MEETING}/viec"
TASK = {"do": "task", "point_code": "P001", "item": "Trang bị máy phát điện", "person": "m1"}


def left_to_do(point: str = "P001") -> FollowUps:
    with reading() as c:
        standing = standings.read(c, StreamKey(MEETING, point))
    assert standing
    return standing.follow_ups


def test_a_task_is_recorded_done_and_in_the_report(hall: None, headquarters: Desk) -> None:
    headquarters.post(PAGE, due_at="2024-09-01T17:00", **TASK)

    [task] = left_to_do().tasks
    assert (task.item, task.owner, task.state) == ("Trang bị máy phát điện", "M1", "open")
    page = headquarters.get(PAGE).text
    assert "hạn 01/09/2024 17:00" in page
    assert "Mẫu Đức An" in page
    headquarters.post(PAGE, do="state", point_code="P001", task=task.id, state="done")
    [task] = left_to_do().tasks
    assert task.state == "done"
    drafted = headquarters.get(f"/hoi-nghi/{MEETING}/chat-luong").text
    assert "Trang bị máy phát điện (Điểm cầu Một), hạn 17:00 ngày 01/9/2024: đã xong." in drafted


def test_essays_are_counted(hall: None, headquarters: Desk) -> None:
    fields = {"do": "essays", "point_code": "P001", "handed_in": "3"}
    headquarters.post(PAGE, due_at="2024-09-01T17:00", **fields)
    assert left_to_do().essays_handed_in == 3
    assert "đã nộp 3" in headquarters.get(PAGE).text
    many = headquarters.post(PAGE, due_at="2024-09-01T17:00", **{**fields, "handed_in": "500"})
    assert "triệu tập 4 người" in many.text
    early = headquarters.post(PAGE, due_at="2020-09-01T17:00", **fields)
    assert "ở trước hội nghị" in early.text


@pytest.mark.parametrize("role", [Profile.SECRETARY, Profile.PROPAGANDA, Profile.CHAIR])
def test_those_who_answer_for_it_enter_it_for_their_halls(
    as_role: Callable[[Profile], Desk], role: Profile
) -> None:
    desk = as_role(role)
    assert desk.post(PAGE, **{**TASK, "person": ""}).status_code == 302
    assert len(left_to_do().tasks) == 1
    other = desk.post(PAGE, **{**TASK, "point_code": "P002", "person": ""})
    assert other.status_code == (302 if role is Profile.PROPAGANDA else 403)
    assert bool(re.search(r'value="P002"', desk.get(PAGE).text)) is (role is Profile.PROPAGANDA)


def test_an_auditor_reads_it_and_enters_nothing(
    as_role: Callable[[Profile], Desk], headquarters: Desk
) -> None:
    headquarters.post(PAGE, **TASK)
    auditor = as_role(Profile.AUDITOR)
    page = auditor.get(PAGE).text
    assert "Trang bị máy phát điện" in page
    assert 'name="item"' not in page
    assert 'name="state"' not in page
    assert auditor.post(PAGE, **TASK).status_code == 403


@pytest.mark.parametrize("role", [Profile.CHAIR, Profile.SECRETARY, Profile.PROPAGANDA])
def test_a_code_gives_no_name_to_somebody_without_the_right(
    as_role: Callable[[Profile], Desk], headquarters: Desk, role: Profile
) -> None:
    headquarters.post(PAGE, **{**TASK, "person": "M3"})
    assert "Mẫu Thị Yến" in headquarters.get(PAGE).text

    desk = as_role(role)
    page = desk.get(PAGE).text

    assert "Trang bị máy phát điện" in page
    assert "Mẫu Thị Yến" not in page
    if role is not Profile.PROPAGANDA:
        named = desk.post(PAGE, **{**TASK, "person": "M3"})
        assert named.status_code == 422
        assert "Mẫu Thị Yến" not in named.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"item": ""}, "Việc"), ({"person": "M99"}, "M99"), ({"point_code": "P099"}, "P099")],
)
def test_a_fault_is_named(
    hall: None, headquarters: Desk, fields: dict[str, str], words: str
) -> None:
    assert words in headquarters.post(PAGE, **{**TASK, **fields}).text
    assert left_to_do().tasks == ()
