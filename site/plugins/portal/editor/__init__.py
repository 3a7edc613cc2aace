"""The editor's commands: build, serve, new, publish, pack; and the bundle of the front end."""
