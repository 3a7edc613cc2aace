"""Somebody at the office in a browser, and how long the server took for each page."""

import re
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.e2e.conftest import System

PHONE, DESK = 360, 1280
CODES = re.compile(r"(?<=/)([0-9a-f]{64}|M\d+|P\d+|U\d+|\d{4}-\d\d-\d\d-[a-z-]+)(?=[/?]|$)")


@dataclass
class Timed:
    """What each kind of page took, from the request's last byte to the answer's first, in ms."""

    taken: dict[str, float] = field(default_factory=dict)

    def note(self, asked: Request) -> None:
        """Keep the longest that a kind of page has taken."""
        path = asked.url.partition("/van-phong")[2]
        if not path or "dang-nhap" in path:
            return  # signing in is slow on purpose
        timing = asked.timing
        kind = f"{asked.method} {CODES.sub('…', path.partition('?')[0])}"
        took = timing["responseStart"] - timing["requestStart"]
        self.taken[kind] = max(took, self.taken.get(kind, 0))

    def tell(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Print the slowest pages, whoever runs the tests."""
        slowest = sorted(self.taken.items(), key=lambda each: -each[1])
        with capsys.disabled():
            print(f"\n  {len(slowest)} kinds of page; the slowest:")  # noqa: T201
            for kind, took in slowest[:5]:
                print(f"  {took:6.0f} ms  {kind}")  # noqa: T201


def signed_in(
    browser: Browser,
    system: System,
    name: str,
    width: int = DESK,
    *,
    has_scripts: bool = True,
) -> Page:
    """Sign somebody in, in a browser of their own."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        java_script_enabled=has_scripts,
        bypass_csp=width == PHONE,  # axe is put into the page
    )
    page = context.new_page()
    page.goto(f"{system.url}/van-phong/")
    page.get_by_label("Tài khoản").fill(name)
    page.get_by_label("Mật khẩu").fill(system.password)
    page.get_by_role("button", name="Đăng nhập").click()
    return page
