"""Large content in the database: sealed details and the files of releases."""
