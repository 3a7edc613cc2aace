"""The web server: production server, portal files, error pages, host checks, rate limits."""
