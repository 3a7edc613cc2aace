"""Find a Chromium: from CHROMIUM, the PATH or Playwright. Run this file to print its path."""

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
"""The headless shell is Chromium without its windows: the suite costs it a quarter less work."""


def find_chromium() -> str | None:
    """Return the path of a Chromium that can be started; None if there is none."""
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
