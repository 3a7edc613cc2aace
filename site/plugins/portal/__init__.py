"""Build the portal, a static site written in Markdown for readers who are often offline.

`content` reads and checks the editors' files. `media` converts texts, PDFs and pictures for web
pages. `pages` is the Pelican plugin that writes the pages. `release` writes the manifest of the
built files. `editor` contains the editors' commands.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The repository's top folder, which contains `content/`, `site/` and `node_modules/`."""
