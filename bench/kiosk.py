"""Measure how long a check-in takes at the kiosk (a hall's check-in page) on a slow processor.

The time is measured from tap to confirmation. 500 people are summoned and 200 of them arrive. The
same run measures a floor for comparison: one durable IndexedDB transaction of 500 characters. Run
with `python -m bench.kiosk`.
"""

import re
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

import build
from tests.e2e.conftest import Demonstration, Laptop, System, fill_demonstration
from tests.e2e.kiosk import SLOW_MS, enrol, summon

ROSTER, ARRIVALS, SLOWDOWN = 500, 200, 6
AIM_MEDIAN_MS, AIM_P99_MS = 100, 250

TAP = """() => new Promise((resolve) => {
  const rows = [...document.querySelectorAll('.person')];
  const row = rows.find((person) => person.querySelector('.unrecorded'));
  const began = performance.now();
  const watch = new MutationObserver(() => {
    if (!document.querySelector('.answer')) return;
    watch.disconnect();
    const took = performance.now() - began;
    dispatchEvent(new KeyboardEvent('keydown'));
    document.querySelector('.answer').click();
    setTimeout(() => resolve(took), 30);
  });
  watch.observe(document.body, { childList: true, subtree: true });
  row.click();
})"""

FLOOR = """() => new Promise((resolve) => {
  const request = indexedDB.open('floor', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('s', { autoIncrement: true });
  request.onsuccess = () => {
    const began = performance.now();
    const tx = request.result.transaction('s', 'readwrite', { durability: 'strict' });
    tx.objectStore('s').add({ text: 'x'.repeat(500) });
    tx.oncomplete = () => { request.result.close(); resolve(performance.now() - began); };
  };
})"""


def main() -> int:
    """Measure and print the times of check-ins and of a bare transaction in the browser's database.

    Return the exit status: 1 if the portal (the public website) cannot be built, else 0.
    """
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        portal = folder / "portal"
        if build.main(["--output", str(portal)]) != 0:
            return 1
        fill_demonstration(folder, portal)
        system = System(folder, portal, Demonstration.in_folder(folder))
        laptop = Laptop(playwright, folder / "profile")
        try:
            summon(system, folder / "summons.csv", ROSTER)
            page = laptop.start()
            enrol(page, system)
            counted = re.compile(r"/49\d")  # exempt people are on the roll, but not counted
            expect(page.locator(".counts")).to_contain_text(counted, timeout=SLOW_MS)
            measure(page)
        finally:
            laptop.close()
            system.stop()
    return 0


def measure(page: Page) -> None:
    """Check in `ARRIVALS` people on a hall's check-in page; print how long a check-in takes.

    Print the median and the 99th percentile, and for comparison the median time of a bare database
    transaction (the floor) and the ratio of the two medians. Times are in ms.
    """
    client = page.context.new_cdp_session(page)
    client.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    taps = sorted(page.evaluate(TAP) for _ in range(ARRIVALS))
    floor = sorted(page.evaluate(FLOOR) for _ in range(50))
    median, base = statistics.median(taps), statistics.median(floor)
    figures: dict[str, Any] = {
        "median": f"{median:.0f} ms (aim {AIM_MEDIAN_MS})",
        "p99": f"{taps[int(len(taps) * 0.99)]:.0f} ms (aim {AIM_P99_MS})",
        "floor": f"{base:.0f} ms, one durable transaction",
        "ratio": f"{median / base:.1f} times the floor",
    }
    print(f"{ARRIVALS} arrivals, {ROSTER} on the roll, processor slowed {SLOWDOWN} times")
    for name, value in figures.items():
        print(f"  {name:8}{value}")


if __name__ == "__main__":
    sys.exit(main())
