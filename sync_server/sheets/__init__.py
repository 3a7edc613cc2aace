"""Read lists from XLSX and CSV files, as people see them on the screen.

The module `files` reads a file into grids, within size limits. The module `tables` finds the table
in a grid. Every doubtful cell is reported with its position.
"""
