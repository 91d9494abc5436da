"""What was run: protocol, ablations, effects, errors."""
