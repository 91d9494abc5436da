"""What CPUs compute faster than by PyTorch's own operations; without this folder all works as well.

Convolutions of float32 by Winograd's algorithm or by patches, and independent parts of an
optimizer's step shared among threads. One function enters: `door.speed_up`.
"""
