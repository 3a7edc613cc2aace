"""Content: reads what editors write, checks it, and searches it for personal data."""
