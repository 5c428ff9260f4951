"""Checks of what landed, by SQL: a statement, a judge of its rows, and one edge that runs the one for the other."""
