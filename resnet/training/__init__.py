"""Training: one run from its first batch to its last evaluation, and how it computes.

What is here decides a run's numbers, so that every change of code here plans every run again. Of
the registries (``optimizers``, ``schedules``) a run's digest covers only the entry that its config
names. Files, processes, signals and devices to choose from stay out: those are ``resnet.job``'s.
"""
