"""Pages: the Pelican plugin that writes pages, feeds and the search index."""
