"""Find the Chromium browser that the browser tests start.

It is the program that the environment variable `CHROMIUM` names, else the first of `NAMES` on the
PATH, else the browser that Playwright has installed. Running this file prints the browser's path;
the exit status is 1 if there is no browser.
"""

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
"""Names of programs to look for on the PATH, the preferred one first. Chromium's headless shell is
preferred because it opens no windows, which saves work in the browser tests."""


def find_chromium() -> str | None:
    """Return the path of an installed Chromium; None if there is none.

    If the environment variable `CHROMIUM` is set, only the program that it names is considered.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    on_path = next((program for name in NAMES if (program := shutil.which(name))), None)
    return on_path or _playwright_chromium()


def _playwright_chromium() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    chromium = find_chromium()
    print(chromium or "no Chromium found")  # noqa: T201
    sys.exit(0 if chromium else 1)
