"""A benchmark's results as one HTML file: no script, no request, readable from disk."""
