"""Read the editors' files, check them, and search them for personal data."""
