"""Scores of trained and exported models on test data: the one place that stage evaluate calls."""
