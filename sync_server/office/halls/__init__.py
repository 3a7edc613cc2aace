"""Office pages about halls: points, records, seats, devices, held records and queue files."""
