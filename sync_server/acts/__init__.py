"""Carry out what users ask for, such as summoning people to a meeting or importing a list.

The office's web pages, the API and the command line call this package. It calls the packages
`storage` (the database) and `domain` (the rules), and contains no web pages.
"""
