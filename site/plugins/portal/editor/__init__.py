"""Implement the editors' commands (build, serve, new, publish, pack), and bundle the front end."""
