"""Take the screenshots for the READMEs and the guides; `make pictures` runs this module."""

import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from sync_server.commands.demo.demonstration import FINISHED_MEETING
from sync_server.config import ROOT
from tests.e2e.conftest import System
from tests.e2e.kiosk import SLOW_MS, check_in, enrol
from tests.e2e.office import DESK, PHONE, sign_in

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif("PICTURES" not in os.environ, reason="run by `make pictures`"),
]
FOLDER = ROOT / "docs" / "pictures"
COLOURS = 64
"""The number of colours in a saved screenshot. So few colours reduce the file to a quarter of its
size.
"""


def take(page: Page, name: str) -> None:
    """Save a screenshot of the page, with few colours, as docs/pictures/`name`.png."""
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path, scale="css", animations="disabled")
    Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)


def on_phone(browser: Browser) -> Page:
    context = browser.new_context(
        viewport={"width": 360, "height": 640},
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        device_scale_factor=2,
    )
    return context.new_page()


def test_pictures_of_portal_kiosk_and_office(system: System, browser: Browser) -> None:
    FOLDER.mkdir(exist_ok=True)
    page = on_phone(browser)
    page.goto(f"{system.url}/hoi-nghi/{FINISHED_MEETING}.html")
    take(page, "portal")

    page = on_phone(browser)
    enrol(page, system)
    expect(page.locator(".person").first).to_be_visible(timeout=SLOW_MS)
    check_in(page, 4)
    take(page, "kiosk")
    page.reload()  # a kiosk starts locked
    expect(page.get_by_label("Mã PIN")).to_be_visible()
    take(page, "kiosk-lock")

    page = sign_in(browser, system, "bantochuc", DESK)
    page.goto(f"{system.url}/van-phong/hoi-nghi/{FINISHED_MEETING}")
    take(page, "board")
    page.goto(f"{system.url}/van-phong/thiet-bi")
    take(page, "devices")
    page = sign_in(browser, system, "chutri", PHONE)
    page.goto(f"{system.url}/van-phong/xin-vang")
    take(page, "requests")
    assert all(Path(path).stat().st_size < 120_000 for path in FOLDER.glob("*.png"))
