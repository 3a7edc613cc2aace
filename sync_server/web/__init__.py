"""Run the web server: serve the public website and error pages, check hosts and limit rates."""
