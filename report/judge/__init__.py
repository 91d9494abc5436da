"""Judging: effects between arms, and a verdict for every claim.

Tables come in; numbers and sentences of evidence go out. Nothing is drawn here.
"""
