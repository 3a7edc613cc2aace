"""Records: their kinds, how they are read and written, and who may write them.

The door checks one record alone; what records mean together is judged in `judging`.
"""
