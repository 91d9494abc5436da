"""Augmentation of training images.

To add a transform, add a module to ``transforms``. The code in this package affects the results of
runs: after any change to it, the workflow trains every run again.
"""
