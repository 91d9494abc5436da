"""Augmentation: what training makes of images before the network sees them.

A transform comes in as a module of its own in ``transforms``. What is here decides a run's numbers,
so that every change of code here plans every run again.
"""
