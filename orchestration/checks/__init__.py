"""Dagster's view of the checks by SQL: executable in the page, reported without a run, and freshness."""
