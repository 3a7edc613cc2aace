"""Determine the attendance in a hall from the records about the hall.

Every person is present, absent with or without an excuse, or not recorded. In the code, a
hall that takes part in a meeting is a point, and attendance is a standing. The package
consists of functions without side effects on files or databases. Every module is one layer
of rules, and the module `standing` combines the layers.
"""
