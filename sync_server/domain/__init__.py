"""Contain the rules of a conference as functions that read no database and send no requests.

This package imports neither Flask nor SQLAlchemy, so the rules can be tested and used without a
server.
"""
