"""The power goes at random moments: what the screen has confirmed is there when it comes back."""

import os
import random
import threading
import time

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page

from tests.e2e.conftest import Laptop, System
from tests.e2e.kiosk import SLOW_MS, enrol, kept, open_again, wait_until
from tests.e2e.line import Line

pytestmark = pytest.mark.e2e
KILLS = int(os.environ.get("KILLS", "3"))
"""How often; `make chaos` asks for twenty."""

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
    system: System, laptop: Laptop
) -> None:
    dice = random.Random(KILLS)  # noqa: S311 - made to repeat itself
    page = laptop.start()
    enrol(page, system)
    system.line.set(Line.CUT)
    confirmed: set[str] = set()
    for _ in range(KILLS):
        cut_power_amid(page, laptop, confirmed, after_s=dice.uniform(0.2, 1.5))
        page = laptop.start()
        open_again(page, system)
        records = [own["record"] for own in kept(page, "records")]
        assert confirmed <= {str(each["person"]) for each in records if isinstance(each, dict)}
        numbers = sorted(int(str(own["seq"])) for own in kept(page, "records"))
        assert numbers == list(range(1, len(numbers) + 1))
    assert confirmed

    system.line.set(Line.OPEN)
    page.get_by_role("button", name="Gửi ngay").click()
    wait_until(page, lambda: confirmed <= {each["person"] for each in system.ledger()}, times=4)


def cut_power_amid(page: Page, laptop: Laptop, confirmed: set[str], *, after_s: float) -> None:
    """Have everybody checked in as fast as it goes, and kill the browser in the midst of it."""

    def hear(said: ConsoleMessage) -> None:
        if said.text.startswith("confirmed "):
            confirmed.add(said.text.removeprefix("confirmed "))

    page.on("console", hear)
    threading.Timer(after_s, laptop.kill).start()
    ends = time.monotonic() + SLOW_MS / 1000
    try:
        page.evaluate(TAP_ON)
        while time.monotonic() < ends:
            page.wait_for_timeout(50)
    except Error:
        return  # it is gone
    raise AssertionError("the browser was not killed")
