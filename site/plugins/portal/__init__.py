"""Build the portal, a static website about meetings for readers who are often offline.

Editors write the content in Markdown. The package `content` reads and checks their files. `media`
converts texts, PDFs and pictures for web pages. `pages` writes the pages; it is a
plugin of Pelican, a program that makes static websites. `release` writes the manifest, a list of
all built files, each with its sha256 (a check value that changes with the content). `editor`
contains the commands for editors.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The repository's top folder, which contains `content/`, `site/` and `node_modules/`."""
