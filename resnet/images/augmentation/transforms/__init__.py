"""The registry of transforms; each transform is a module that defines ``TRANSFORM``."""
