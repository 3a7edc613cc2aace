"""Create a demonstration: synthetic people, and one conference with the records of a whole day.

The command `demo` stores the demonstration in the database, so that the program can be tried
without real people.
"""
