"""Office pages about the system: sign-in, accounts, the audit log and releases of the portal."""
