"""The demonstration: synthetic people, and a conference with a whole day in its ledger."""
