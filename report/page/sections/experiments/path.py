"""The ladders of changes."""

TITLE = "The path, step by step"
