"""The registry of optimizers; each optimizer is a folder.

``settings.py`` defines the settings without importing torch; ``optimizer.py`` builds the optimizer.
"""
