"""Store who may use the server: accounts, devices, sessions and tokens; and keep the audit log."""
