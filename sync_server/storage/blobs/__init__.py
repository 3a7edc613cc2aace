"""Store large content: encrypted personal data of records, and the files of portal releases."""
