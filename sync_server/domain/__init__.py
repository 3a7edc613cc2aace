"""The rules of a conference as pure functions. Imports neither Flask nor SQLAlchemy."""
