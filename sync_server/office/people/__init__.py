"""Office pages about people: search, persons, units, lists, requests for leave, personal cards."""
