"""Make a demonstration: synthetic people, and one conference with the records of a whole day.

The command `demo` fills the database with it, so that the program can be tried without real people.
"""
