"""Read, check and augment the images of a data set.

To add a data set, add a folder to ``datasets``; to add a transform, add a module to
``augmentation/transforms``. This package doesn't depend on the network or on training.
"""
