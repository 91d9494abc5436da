"""Optional package with faster CPU implementations than PyTorch's own operations.

It computes float32 convolutions by Winograd's algorithm or as matrix products of patches, and
distributes independent parts of an optimizer step over threads. Its only entry is `entry.speed_up`.
"""
