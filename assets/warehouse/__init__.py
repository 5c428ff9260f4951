"""Warehouse objects as SQL files, applied idempotently."""
