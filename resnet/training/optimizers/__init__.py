"""The optimizers: a registry, in which each optimizer is a folder.

``settings.py`` holds the optimizer's settings, without torch; ``optimizer.py`` builds it.
"""
