"""People in the database: rosters, personal cards, and the contacts of points."""
