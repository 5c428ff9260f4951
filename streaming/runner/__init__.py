"""The consumer process: one thread polls, enriches and decides; a pool performs what waits on services."""
