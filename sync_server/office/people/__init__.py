"""Office pages about people: search, attendance, lists to import, requests for leave, and cards."""
