"""The model and its training: one run, one seed, one run record."""
