"""The transforms: a registry, in which each transform is a module with a ``TRANSFORM``."""
