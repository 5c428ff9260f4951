"""The independent auditor: ledger against warehouse, by SQL and its own arithmetic."""
