"""What a conference means: facts in, facts out. Imports neither Flask nor SQLAlchemy."""
