"""Receive and store attendance records (the ledger), and compute the attendance from them."""
