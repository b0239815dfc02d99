"""Prepared folders: arrays, their coding, and what is expanded when they are read."""
