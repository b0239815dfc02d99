"""The pipeline stages: each reads parameters and files, calls the package, writes files."""
