"""Sign in to the office in a browser, and measure how long the server takes for every page."""

import re
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.e2e.conftest import System

PHONE, DESK = 360, 1280
CODES = re.compile(r"(?<=/)([0-9a-f]{64}|M\d+|P\d+|U\d+|\d{4}-\d\d-\d\d-[a-z-]+)(?=[/?]|$)")


@dataclass
class PageTimes:
    """The longest time that the server has taken for every kind of page, in ms.

    A kind is an HTTP method and a path from which codes, such as those of people, are removed. A
    time runs from the start of the request to the first byte of the answer.
    """

    longest_ms: dict[str, float] = field(default_factory=dict)

    def note_request(self, request: Request) -> None:
        """Store the time of a finished request if it is the longest so far for its kind of page.

        Sign-ins and pages outside the office are ignored.
        """
        path = request.url.partition("/van-phong")[2]
        if not path or "dang-nhap" in path:
            return  # sign-ins are slow on purpose, because they hash a password
        timing = request.timing
        kind = f"{request.method} {CODES.sub('…', path.partition('?')[0])}"
        took_ms = timing["responseStart"] - timing["requestStart"]
        self.longest_ms[kind] = max(took_ms, self.longest_ms.get(kind, 0))

    def print_slowest(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Print the five slowest kinds of page, even while pytest captures output."""
        slowest = sorted(self.longest_ms.items(), key=lambda kind_and_time: -kind_and_time[1])
        with capsys.disabled():
            print(f"\n  {len(slowest)} kinds of page; the slowest:")  # noqa: T201
            for kind, took_ms in slowest[:5]:
                print(f"  {took_ms:6.0f} ms  {kind}")  # noqa: T201


def sign_in(
    browser: Browser,
    system: System,
    name: str,
    width: int = DESK,
    *,
    has_scripts: bool = True,
) -> Page:
    """Sign in to the office in a new browser context, and return the page that is then open.

    `name` is the name of an account. `width` is the window's width in px. `has_scripts=False` turns
    JavaScript off.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        java_script_enabled=has_scripts,
        bypass_csp=width == PHONE,  # the security policy would block axe
    )
    page = context.new_page()
    page.goto(f"{system.url}/van-phong/")
    page.get_by_label("Tài khoản").fill(name)
    page.get_by_label("Mật khẩu").fill(system.password)
    page.get_by_role("button", name="Đăng nhập", exact=True).click()
    return page
