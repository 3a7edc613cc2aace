"""Test that check-ins confirmed on the screen survive power cuts at random moments."""

import os
import random
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page, expect

from tests.e2e.conftest import Laptop, System
from tests.e2e.kiosk import SLOW_MS, check_in, enrol, open_again, read_store, summon, wait_until
from tests.e2e.line import Line

pytestmark = pytest.mark.e2e
KILLS = int(os.environ.get("KILLS", "3"))
"""Number of power cuts in the test, 3 by default. `make chaos` sets 50."""
PEOPLE = max(500, 40 * KILLS)
"""Number of people summoned: enough that some are still to be checked in at every power cut."""

TAP_ON = """() => {
  const findAnswer = () => document.querySelector('.answer.present, .answer.late');
  setInterval(() => {
    const answer = findAnswer();
    if (answer) {
      console.log('confirmed ' + /M\\d{5}/.exec(answer.innerText)[0]);
      answer.click();
    } else {
      const rows = [...document.querySelectorAll('.person')];
      rows.find((row) => row.querySelector('.state.unrecorded'))?.click();
    }
  }, 15);
}"""


def test_a_power_cut_loses_nothing_that_was_confirmed(
    system: System, laptop: Laptop, tmp_path: Path
) -> None:
    summon(system, tmp_path / "summons.csv", PEOPLE)
    dice = random.Random(KILLS)  # noqa: S311 - a fixed seed repeats the run
    page = laptop.start()
    enrol(page, system)
    expect(page.locator(".person")).to_have_count(PEOPLE, timeout=SLOW_MS)
    system.line.set(Line.CUT)
    confirmed: set[str] = set()
    for _ in range(KILLS):
        cut_power_during_check_ins(page, laptop, confirmed, after_s=dice.uniform(0, 0.8))
        page = laptop.start()
        open_again(page, system)
        records = [row["record"] for row in read_store(page, "records")]
        assert confirmed <= {
            str(record["person"]) for record in records if isinstance(record, dict)
        }
        numbers = sorted(int(str(row["seq"])) for row in read_store(page, "records"))
        assert numbers == list(range(1, len(numbers) + 1))
    assert len(confirmed) >= KILLS

    system.line.set(Line.OPEN)
    page.get_by_role("button", name="Gửi ngay").click()
    wait_until(
        page, lambda: confirmed <= {record["person"] for record in system.device_records()}, times=4
    )


def cut_power_during_check_ins(
    page: Page, laptop: Laptop, confirmed: set[str], *, after_s: float
) -> None:
    """Check people in as fast as possible; kill the browser soon after the first check-in.

    `after_s` is the time between the two, in seconds. The code of every person whose check-in the
    screen confirms is added to `confirmed`.
    Raises: AssertionError if the screen confirms nobody within 20 s.
    """
    before = len(confirmed)

    def note_confirmed(message: ConsoleMessage) -> None:
        if message.text.startswith("confirmed "):
            confirmed.add(message.text.removeprefix("confirmed "))

    page.on("console", note_confirmed)
    page.evaluate(TAP_ON)
    wait_until(page, lambda: len(confirmed) > before)
    threading.Timer(after_s, laptop.kill).start()
    with pytest.raises(Error):  # the browser has been killed
        wait_until(page, lambda: False)


def test_the_disk_of_a_dead_laptop_sends_its_queue_from_another_without_a_pin(
    system: System, laptops: Callable[[], Laptop]
) -> None:
    dead, spare = laptops(), laptops()
    page = dead.start()
    enrol(page, system)
    system.line.set(Line.CUT)
    checked_in = check_in(page, 3)
    dead.kill()

    shutil.move(dead.profile, spare.profile)
    (spare.profile / "SingletonLock").unlink(missing_ok=True)  # the lock names the dead laptop
    system.line.set(Line.OPEN)
    page = spare.start()
    page.goto(f"{system.url}/diem-danh/index.html")

    expect(page.get_by_label("Mã PIN")).to_be_visible(timeout=SLOW_MS)
    wait_until(
        page,
        lambda: set(checked_in) <= {record["person"] for record in system.device_records()},
        times=4,
    )
