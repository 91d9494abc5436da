"""What is varied and why: declarations, and their resolution into complete run configs."""
