"""Figures of other engines, as what they are: `measured.yaml`."""
