"""What surrounds a run: devices, checkpoints, signals, the record, where its numbers come from.

Nothing here decides a run's numbers, so that a change of code here plans no run again. How the
network learns stays out: that is ``resnet.training``'s.
"""
