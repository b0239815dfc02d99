"""Training steps, memory, growth and latency against peers: ``python -m benchmarks``."""
