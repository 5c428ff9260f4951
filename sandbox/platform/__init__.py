"""A local Kafka and a BigQuery emulator as child processes."""
