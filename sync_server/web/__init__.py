"""The web server: the production server, the served portal and its files, error pages, rates."""
