"""Reference data as the stages use it: merchants as-of, FX snapshots, the TARGET calendar."""
