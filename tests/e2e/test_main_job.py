"""The main job in a real browser against the real server: check in without a line, lose nothing."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Laptop, System
from tests.e2e.kiosk import QUEUE, SLOW_MS, check_in, enrol, kept, open_again, wait_until
from tests.e2e.line import Line

pytestmark = pytest.mark.e2e


def send_again(page: Page) -> list[str]:
    """Send all that the kiosk has made as it does, once more; return the verdicts' statuses."""
    [enrolment] = kept(page, "enrolments")
    records = [own["record"] for own in kept(page, "records")]
    statuses: list[str] = page.evaluate(
        """async ([token, records]) => {
          const response = await fetch("/api/v1/sync", {
            method: "POST",
            headers: { Authorization: `Bearer ${token}` },
            body: JSON.stringify({ records }),
          });
          return (await response.json()).verdicts.map((verdict) => verdict.status);
        }""",
        [enrolment["token"], records],
    )
    return statuses


def test_five_checked_in_without_a_line_survive_the_power_and_arrive_once(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start()
    enrol(page, system)
    system.line.set(Line.CUT)
    codes = check_in(page, 5)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 5")

    laptop.kill()
    page = laptop.start()
    open_again(page, system)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 5", timeout=SLOW_MS)
    expect(page.locator(".state.present, .state.late")).to_have_count(5)
    assert system.ledger() == []

    system.line.set(Line.OPEN)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 0", timeout=4 * SLOW_MS)
    assert sorted(each["person"] for each in system.ledger()) == sorted(codes)
    assert system.board_row()["present"] == 5

    assert send_again(page) == ["known"] * 5
    assert len(system.ledger()) == 5
    assert system.board_row()["present"] == 5


def test_an_answer_that_is_lost_on_the_way_back_adds_nothing(
    system: System, laptop: Laptop
) -> None:
    page = laptop.start()
    enrol(page, system)
    system.line.set(Line.CUT)
    codes = check_in(page, 5)
    laptop.kill()
    page = laptop.start()
    open_again(page, system)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 5", timeout=SLOW_MS)

    system.line.set(Line.LOSES_ANSWERS)
    page.get_by_role("button", name="Gửi ngay").click()
    wait_until(page, lambda: len(system.ledger()) == 5)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 5")

    system.line.set(Line.OPEN)
    expect(page.locator(QUEUE)).to_contain_text("chưa gửi 0", timeout=4 * SLOW_MS)
    assert sorted(each["person"] for each in system.ledger()) == sorted(codes)
    assert system.board_row()["present"] == 5
