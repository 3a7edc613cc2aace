"""Pages about people: search, a person, a unit, requests for leave, personal cards."""
