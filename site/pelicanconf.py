"""Pelican's settings for the portal, which replaces Pelican's articles and pages by other kinds."""

SITENAME = "Điểm Cầu"
SITEURL = ""
PATH = "../content"
OUTPUT_PATH = "../output"
THEME = "theme"
THEME_STATIC_PATHS: list[str] = []
TIMEZONE = "Asia/Ho_Chi_Minh"
DEFAULT_LANG = "vi"

PLUGIN_PATHS = ["plugins"]
PLUGINS = ["portal.pages.generator"]

ARTICLE_PATHS: list[str] = []
PAGE_PATHS: list[str] = []
STATIC_PATHS: list[str] = []
DIRECT_TEMPLATES: list[str] = []
READERS = {"rst": None, "html": None, "md": None}
FEED_ALL_ATOM = None
CATEGORY_FEED_ATOM = None
TRANSLATION_FEED_ATOM = None
AUTHOR_FEED_ATOM = None
AUTHOR_FEED_RSS = None
AUTHOR_SAVE_AS = CATEGORY_SAVE_AS = TAG_SAVE_AS = ""

# portal.editor.builder adds the content, the output folder and the portal's address.
