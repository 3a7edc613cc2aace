"""Carry out the changes that users make, such as summoning people or importing a list.

Office pages, the API, commands and the demonstration call this package. It calls storage and the
domain, and contains no pages.
"""
