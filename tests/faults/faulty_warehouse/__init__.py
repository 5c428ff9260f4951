"""A BigQuery that goes wrong by script and seed: doors before both ports of the emulator, and what they are told."""
