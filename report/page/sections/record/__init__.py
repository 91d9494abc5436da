"""The evidence, and where every number comes from."""
