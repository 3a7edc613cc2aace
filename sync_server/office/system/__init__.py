"""Pages about the system: signing in, accounts, the audit log, published releases."""
