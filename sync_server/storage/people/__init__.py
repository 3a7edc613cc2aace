"""Store people: rosters, personal cards, uploaded lists, and the contacts of points."""
