"""Searches over several settings."""

TITLE = "Hyperparameters"
