"""Determine the standing of all people at a point from the records about the point.

A point is a hall that takes part in a meeting. A person's standing is present, absent with or
without an excuse, or not recorded. The package consists of functions without side effects on files
or databases. Every module is one layer of rules, and `standing` combines the layers.
"""
