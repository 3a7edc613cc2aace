"""Office pages about the system: sign-in, accounts, the audit log and versions of the public
website.
"""
