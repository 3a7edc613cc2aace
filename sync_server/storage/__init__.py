"""Define the database tables and the operations on them.

This package imports the domain rules but no web code. Every operation runs in a transaction that
the caller has opened.
"""
