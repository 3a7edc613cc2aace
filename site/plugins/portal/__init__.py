"""The portal: a static site from Markdown, for readers who are often offline.

`content` reads and checks what editors write, `media` turns texts, PDFs and pictures into what a
page shows, `pages` is the Pelican plugin, `release` describes the result, `editor` holds the
commands.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The repository's top folder, which holds `content/`, `site/` and `node_modules/`."""
