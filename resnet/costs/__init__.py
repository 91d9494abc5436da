"""What a network costs: its layers, parameters and FLOPs, and estimates before it is built.

Nothing here decides a run's numbers.
"""
