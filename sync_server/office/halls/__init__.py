"""Office pages about halls: people, seats, devices, records that need a ruling, and queue files."""
