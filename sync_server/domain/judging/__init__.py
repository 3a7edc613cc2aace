"""Determine the standing of all people at a point from the records about the point.

A person's standing is present, absent with or without an excuse, or not recorded. The package
consists of pure functions in layers, and `standing` combines the layers.
"""
