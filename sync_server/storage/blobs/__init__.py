"""Store large content: encrypted details of records, and the files of portal releases."""
