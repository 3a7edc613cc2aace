"""Define the rules of a conference as functions that use neither a database nor a network.

This package imports neither Flask nor SQLAlchemy, so the rules can be tested and used without a
server.
"""
