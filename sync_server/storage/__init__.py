"""What is kept, and the few operations on it. Knows the domain; knows no web.

Every operation takes the connection of the transaction that its caller opened.
"""
