"""What runs when: a pure calendar, and Dagster's schedules and sensors made from it."""
