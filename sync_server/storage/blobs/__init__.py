"""Store large content: the encrypted personal data of records, and the files of the portal.

The portal is the public website; every published version of it (a release) has its own files.
"""
