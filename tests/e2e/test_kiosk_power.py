"""The power goes at random moments: what the screen has confirmed is there when it comes back."""

import os
import random
import threading
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page, expect

from tests.e2e.conftest import Laptop, System
from tests.e2e.kiosk import SLOW_MS, enrol, kept, open_again, summon, wait_until
from tests.e2e.line import Line

pytestmark = pytest.mark.e2e
KILLS = int(os.environ.get("KILLS", "3"))
"""How often; `make chaos` asks for twenty."""
PEOPLE = 500
"""So many that somebody is being checked in at every kill."""

TAP_ON = """() => {
  const told = () => document.querySelector('.answer.present, .answer.late');
  setInterval(() => {
    const answer = told();
    if (answer) {
      console.log('confirmed ' + /M\\d{5}/.exec(answer.innerText)[0]);
      answer.click();
    } else {
      const rows = [...document.querySelectorAll('.person')];
      rows.find((each) => each.querySelector('.state.unrecorded'))?.click();
    }
  }, 15);
}"""


def test_the_power_goes_and_nothing_that_was_confirmed_is_lost(
    system: System, laptop: Laptop, tmp_path: Path
) -> None:
    summon(system, tmp_path / "summons.csv", PEOPLE)
    dice = random.Random(KILLS)  # noqa: S311 - made to repeat itself
    page = laptop.start()
    enrol(page, system)
    expect(page.locator(".person")).to_have_count(PEOPLE, timeout=SLOW_MS)
    system.line.set(Line.CUT)
    confirmed: set[str] = set()
    for _ in range(KILLS):
        cut_power_amid(page, laptop, confirmed, after_s=dice.uniform(0, 0.8))
        page = laptop.start()
        open_again(page, system)
        records = [own["record"] for own in kept(page, "records")]
        assert confirmed <= {str(each["person"]) for each in records if isinstance(each, dict)}
        numbers = sorted(int(str(own["seq"])) for own in kept(page, "records"))
        assert numbers == list(range(1, len(numbers) + 1))
    assert len(confirmed) >= KILLS

    system.line.set(Line.OPEN)
    page.get_by_role("button", name="Gửi ngay").click()
    wait_until(page, lambda: confirmed <= {each["person"] for each in system.ledger()}, times=4)


def cut_power_amid(page: Page, laptop: Laptop, confirmed: set[str], *, after_s: float) -> None:
    """Have people checked in as fast as it goes, and kill the browser in the midst of it."""
    before = len(confirmed)

    def hear(said: ConsoleMessage) -> None:
        if said.text.startswith("confirmed "):
            confirmed.add(said.text.removeprefix("confirmed "))

    page.on("console", hear)
    page.evaluate(TAP_ON)
    wait_until(page, lambda: len(confirmed) > before)
    threading.Timer(after_s, laptop.kill).start()
    with pytest.raises(Error):  # it is gone
        wait_until(page, lambda: False)
