"""The ledger in the database: intake, streams, listings, and the standings stored for reading."""
