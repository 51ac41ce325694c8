"""Benchmarks: how fast the mall is on this machine, beside its peers and beside what the machine can do at all.

`make bench` runs the small size, `make bench-large` the large one; docs/benchmarks.md says what the figures mean.
"""
