"""Compute effects between arms, and a verdict for every claim.

The input is tables; the output is numbers and sentences of evidence. This package draws nothing.
"""
