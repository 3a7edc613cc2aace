"""Database operations for access: accounts, devices, sessions, tokens and the audit log."""
