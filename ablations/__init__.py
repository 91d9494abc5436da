"""What is varied and why: a file for each ablation, and ``harness``, which resolves them."""
