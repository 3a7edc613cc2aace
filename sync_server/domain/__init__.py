"""Rules of a conference as pure functions. This package imports neither Flask nor SQLAlchemy."""
