"""Check a page with axe, an accessibility checker, and check that the page fits a phone."""

import base64
import io
import json
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakSet

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from playwright.sync_api import BrowserContext, Page
from portal.editor.bundle import install_packages

from sync_server.config import ROOT

PHONE_PX = 360
FONTS = {"wide": "DejaVuSans.ttf", "narrow": "DejaVuSansCondensed.ttf"}
"""Maps a short name to the file name of a test font. Both fonts come from an npm package, so that a
page is equally wide on every computer; a minimal Linux system has only the wide font."""

LETTERS = (*range(0x20, 0x250), *range(0x1E00, 0x1F00), *range(0x2000, 0x2800))
"""The characters of the test fonts that are kept: Latin and Vietnamese letters, and signs. Sending
the whole fonts to every page would take long."""

MEASURE = """async () => {
  const root = document.documentElement;
  const style = document.head.appendChild(document.createElement("style"));
  const widths = {};
  for (const [name, content] of Object.entries(fixedFonts)) {
    const face = new FontFace(`fixed-${name}`, `url(data:font/ttf;base64,${content})`);
    document.fonts.add(await face.load());
    style.textContent = `* { font-family: fixed-${name} !important; }`;
    for (const size of ["100%", "200%"]) {
      root.style.fontSize = size;
      widths[`${name} font at ${size}`] = root.scrollWidth;
    }
    document.fonts.delete(face);
  }
  style.remove();
  root.style.fontSize = "";
  return widths;
}"""
"""JavaScript that measures a page's width in every font and at two text sizes, 100% and 200%. The
result maps a text such as "wide font at 200%" to a width in CSS px."""

_prepared_contexts: WeakSet[BrowserContext] = WeakSet()


def look_at(page: Page, name: str, *, only_colours: bool = False) -> None:
    """Check the open page with axe, an accessibility checker, and measure its width.

    In every test font, with text of the usual size and twice as large, the page may be at most 360
    px wide, to fit a phone. With `only_colours`,
    only the colour contrast is checked.
    Raises: AssertionError if a check fails; the message contains `name`.
    """
    _prepare(page)
    assert _axe_violations(page, only_colours=only_colours) == [], name
    if only_colours:
        return
    widths = page.evaluate(MEASURE)
    assert max(widths.values()) <= PHONE_PX, f"{name}: {widths}"


def _prepare(page: Page) -> None:
    """Load axe and the test fonts into the open page, and later pages of its browser context.

    The context keeps both, because sending a megabyte to every page would take a tenth of a second.
    """
    if page.context not in _prepared_contexts:
        page.context.add_init_script(_tools())
        _prepared_contexts.add(page.context)
    if not page.evaluate("'loadAxe' in window"):
        page.evaluate(_tools())
    page.evaluate("'axe' in window || loadAxe()")


def _axe_violations(page: Page, *, only_colours: bool) -> list[tuple[str, list[str]]]:
    options = "{ runOnly: ['color-contrast'] }" if only_colours else "{}"
    violations: list[Any] = page.evaluate(f"axe.run({options}).then((report) => report.violations)")
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in violations]


@cache
def _tools() -> str:
    """Return JavaScript that defines `loadAxe`, and the test fonts in base64 as `fixedFonts`."""
    install_packages(ROOT)
    packages = ROOT / "node_modules"
    axe_source = (packages / "axe-core" / "axe.min.js").read_text("utf-8")
    folder = packages / "dejavu-fonts-ttf" / "ttf"
    fonts = {name: _reduced_font(folder / file) for name, file in FONTS.items()}
    return f"window.fixedFonts = {json.dumps(fonts)}; window.loadAxe = () => {{ {axe_source}\n }};"


def _reduced_font(path: Path) -> str:
    """Return a font file, reduced to Latin and Vietnamese letters and signs, in base64."""
    font = TTFont(path)
    options = Options(layout_features=["*"])
    options.drop_tables += ["FFTM"]  # the editor's time stamp, which the library cannot reduce
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=LETTERS)
    subsetter.subset(font)
    font.save(reduced := io.BytesIO())
    return base64.b64encode(reduced.getvalue()).decode()
