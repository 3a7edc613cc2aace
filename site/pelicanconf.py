"""Settings of Pelican, the program that generates the portal (the public website).

Pelican's articles, pages and feeds are switched off. The plugin `portal.pages.generator` writes the
portal's pages instead.
"""

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

# `portal.editor.builder` overrides PATH and OUTPUT_PATH, and adds the settings PORTAL_….
