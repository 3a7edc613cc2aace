"""Measure how soon a reader sees a page: first contentful paint in Chromium.

Pages load over a poor line (50 kbit/s, 400 ms latency) and again after they have been saved for
offline reading. Run with `python -m bench.paint`.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.chromium import find_chromium

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    "home": "index.html",
    "meeting": "hoi-nghi/2024-08-22-hoc-tap.html",
    "material": "t/cv632.html",
}
LINE = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": 50_000 / 8,
    "uploadThroughput": 50_000 / 8,
}
RUNS = 5
PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) => {
  const entry = list.getEntriesByName("first-contentful-paint")[0];
  if (entry) resolve(entry.startTime);
}).observe({ type: "paint", buffered: true }))"""


def main() -> int:
    """Build and serve a portal (the public website); print how soon the pages in `PAGES` appear.

    The times are medians in ms. Always return 0. Raises: CalledProcessError if the portal cannot be
    built.
    """
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            **os.environ,
            "SECRET_KEY": "bench-0123456789-abcdefghijklmnopqrstuvwxyz",
            "SEAL_KEY": "bench-0123456789-abcdefghijklmnopqrstuvwxyz",
            "DATABASE_URL": f"sqlite:///{folder}/paint.sqlite3",
            "SITE_DIR": f"{folder}/output",
        }
        flask = [sys.executable, "-m", "flask", "--app", "sync_server"]
        build = [sys.executable, "build.py", "--output", f"{folder}/output"]
        for command in (build, [*flask, "db", "upgrade"]):
            subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True)
        serve = [*flask, "serve", f"--port={port}"]
        server = subprocess.Popen(serve, cwd=ROOT, env=environ, stdout=subprocess.PIPE)
        try:
            assert server.stdout
            server.stdout.readline()
            measure(f"http://localhost:{port}")
        finally:
            server.terminate()
            server.wait()
    return 0


def measure(url: str) -> None:
    """Print how soon the pages in `PAGES` first show content: the median of every page in ms.

    `url` is the address of the portal (the public website). The pages are first loaded over a slow
    line, then from the copy saved for offline reading.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, path in PAGES.items():
            first_visits_ms = []
            for _ in range(RUNS):
                context = browser.new_context(service_workers="block")
                page = context.new_page()
                session = context.new_cdp_session(page)
                session.send("Network.enable")
                session.send("Network.emulateNetworkConditions", LINE)
                first_visits_ms.append(first_paint_ms(page, f"{url}/{path}"))
                context.close()
            median_ms = statistics.median(first_visits_ms)
            print(f"{name:10} first visit, 50 kbit/s, 400 ms   {median_ms:6.0f} ms")
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{url}/{PAGES['meeting']}")
        page.get_by_role("button", name="Lưu để đọc khi không có mạng").click()
        page.get_by_text("Đã lưu đủ").wait_for()
        for name, path in PAGES.items():
            saved_visits_ms = [first_paint_ms(page, f"{url}/{path}") for _ in range(RUNS)]
            median_ms = statistics.median(saved_visits_ms)
            print(f"{name:10} from the saved pages            {median_ms:6.0f} ms")
        browser.close()


def first_paint_ms(page: Page, address: str) -> float:
    """Open the page at `address`; return the ms until the browser first shows some content."""
    page.goto(address, wait_until="commit")
    paint_ms: float = page.evaluate(PAINT)
    return paint_ms


if __name__ == "__main__":
    sys.exit(main())
