"""Benchmark data sets: one module each, loaded by name."""
