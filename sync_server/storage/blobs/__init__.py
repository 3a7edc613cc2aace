"""Store large content: the encrypted personal data of records, and the files of portal releases."""
