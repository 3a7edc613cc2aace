"""Content: what editors write, read with its faults by line, checked, and guarded."""
