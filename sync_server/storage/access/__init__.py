"""Store accounts, devices, sessions and tokens, and keep the audit log."""
