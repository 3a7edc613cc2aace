"""Receive and store records (the ledger), and compute people's standings from them."""
