"""What the projection of costs rests on, measured from the pipeline itself: bytes, shares, logs, Dagster's events."""
