"""Benchmarks: each row of the targets next to its floor and the naive way, measured side by side on one machine."""
