"""Implement the commands of build.py, such as publish, and bundle the browsers' code."""
