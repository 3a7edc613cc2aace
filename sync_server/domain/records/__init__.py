"""Define the kinds of record, parse and encode records, and check who may write them.

A record describes one event of a meeting, such as a check-in. The checks here read one
record at a time. The package `judging` computes the attendance at a hall from all records
of the hall.
"""
