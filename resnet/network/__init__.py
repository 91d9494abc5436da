"""The networks: a registry, in which each network is a folder, and what a network costs.

A network comes in with a folder of its own: ``settings.py`` holds its settings, without torch, and
``network.py`` builds it. Training, data and files stay out.
"""
