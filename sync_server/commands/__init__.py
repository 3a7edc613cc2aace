"""The commands of `flask --app sync_server`."""
