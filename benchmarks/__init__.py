"""Benchmarks: what the pipeline does a second, and what of the machine it takes. `make bench`, `make soak`."""
