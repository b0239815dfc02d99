"""Training: batches, losses, the Ignite engine and what attaches to its events."""
