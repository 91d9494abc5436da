"""Images: where they come from, what they are checked for, and what augmentation makes of them.

A data set comes in with a folder of its own in ``datasets``, a transform with a module of its own
in ``augmentation/transforms``. The network and training stay out.
"""
