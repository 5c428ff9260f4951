"""plan: rows by partition, ready to append."""
