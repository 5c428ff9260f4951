"""The producer and its ledger: what was sent, what the broker said, what must come of it."""
