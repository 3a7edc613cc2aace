"""Read the content files that editors write, check them, and search them for personal data."""
