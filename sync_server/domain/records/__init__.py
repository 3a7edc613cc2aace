"""Define the kinds of record, parse and encode records, and check who may write them.

A record is one fact of a meeting, such as a check-in. The checks here read one record at a time.
The package `judging` determines what all the records of a hall mean together.
"""
