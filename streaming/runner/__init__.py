"""The consumer process: one thread polls and decides, a second one walks windows, a pool performs what waits."""
