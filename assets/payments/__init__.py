"""Payments beside the stream: what Dagster sees of it, and the one way in which batch runs write to landing."""
