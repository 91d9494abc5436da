"""The environment of a run: devices, checkpoints, signals, run records and provenance.

No code in this package affects the results of runs, so the workflow trains no run again after a
change here. Code that affects results belongs to ``resnet.training``.
"""
