"""A page held against axe and a phone's width."""

from playwright.sync_api import Page
from portal_bundle import install_packages

from sync_server.config import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def look_at(page: Page, name: str, *, only_colours: bool = False) -> None:
    """Hold the page as it is now against axe and a phone's width; or only its colours."""
    install_packages(ROOT)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    rules = "{ runOnly: ['color-contrast'] }" if only_colours else "{}"
    found = page.evaluate(f"axe.run({rules}).then((each) => each.violations)")
    told = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]
    assert told == [], name
    if only_colours:
        return
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{name} at twice the size"
    page.evaluate("document.documentElement.style.fontSize = ''")
