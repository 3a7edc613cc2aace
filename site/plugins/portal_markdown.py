"""Markdown to HTML, reduced to a safe list: an editor's slip cannot run in a reader's browser."""

import cmarkgfm
import nh3
from cmarkgfm.cmark import Options

TAGS = nh3.ALLOWED_TAGS | {"section"}
ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    "th": {"align", "scope", "colspan", "rowspan"},
    "td": {"align", "colspan", "rowspan"},
}


def to_html(text: str) -> str:
    """Return the text as HTML; raw HTML in it survives only as far as it is harmless."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    html = cmarkgfm.github_flavored_markdown_to_html(text, options)
    return nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, link_rel=None)
