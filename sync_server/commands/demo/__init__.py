"""The demonstration: synthetic people, and one conference with the records of a whole day."""
