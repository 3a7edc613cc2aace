"""Read lists from XLSX and CSV files, as people see them on the screen.

The module `files` reads the sheets of a file, within size limits. The module `tables` looks for the
table in a sheet. Every doubtful cell is reported with its position.
"""
