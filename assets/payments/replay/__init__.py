"""Replays: a business date made anew, compared with what landed, and published where it differs for a known reason."""
