"""Judging: from the records of a stream to the standing of everybody at a point.

Pure functions in layers; `standing` puts them together.
"""
