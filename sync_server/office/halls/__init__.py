"""The office's web pages about halls: people, seats, devices, doubtful records, queue files.

On a doubtful record, headquarters must decide whether it counts. A queue file contains the
unsent records of a hall without a network.
"""
