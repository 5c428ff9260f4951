"""docs/reliability.md: what the runs that break things left as JSON, counted and bounded."""
