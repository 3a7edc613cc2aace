"""Receive and store the records of attendance (the ledger), and compute everybody's attendance."""
