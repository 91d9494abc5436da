"""The ablations: one YAML file each, and ``harness``, which resolves them to run configs."""
