"""Database tables and the operations on them. Storage knows the domain, and knows no web.

Every operation uses the connection of the transaction that its caller opened.
"""
