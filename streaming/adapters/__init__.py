"""The edges: Kafka, BigQuery, the clock, and their in-memory twins."""
