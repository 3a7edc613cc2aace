"""Sheets from outside, read within bounds as they look on the screen; every doubt names its cell.

`files` reads a file into grids; `tables` finds the table of people in a grid.
"""
