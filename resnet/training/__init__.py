"""Training of one run, from its first batch to its last evaluation.

The code in this package affects the results of runs: after any change to it, the workflow trains
every run again. Of the registries (``optimizers``, ``schedules``), a run depends only on the entry
that its config uses. Files, processes, signals and device selection belong to ``resnet.job``.
"""
