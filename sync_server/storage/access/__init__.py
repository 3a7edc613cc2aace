"""Access in the database: accounts, devices, sessions, tokens, and the audit log."""
