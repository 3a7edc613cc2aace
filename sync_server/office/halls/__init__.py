"""Pages about halls: a point with its records and seats, devices, held records, queue files."""
