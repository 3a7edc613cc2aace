"""Define the kinds of record, parse and encode records, and check who may write them.

The checks here read one record at a time. The package `judging` determines what all the records of
a point mean together.
"""
