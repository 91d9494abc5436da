"""The registry of networks; each network is a folder. Also estimates a network's cost.

To add a network, add a folder: ``settings.py`` defines the settings without importing torch, and
``network.py`` builds the network. This package doesn't depend on training, data or files.
"""
