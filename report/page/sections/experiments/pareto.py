"""Accuracy against parameters and operations."""

TITLE = "Accuracy and cost"
