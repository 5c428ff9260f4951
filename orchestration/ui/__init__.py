"""Dagster's three processes: where they keep their state, how they start, stop and are found again."""
