"""Weights from files, of this project or others, and their place in a network."""
