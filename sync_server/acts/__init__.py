"""Carry out what users ask for, such as summoning people to a meeting or importing a list.

The office (the web pages for signed-in users), the API and the command line call this package. It
uses the packages `storage` (the database) and `domain` (the rules), and contains no web pages.
"""
