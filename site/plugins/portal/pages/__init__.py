"""Write the portal's pages, feeds and search index, as a plugin of Pelican."""
