"""Compare the training of two checkouts: the first steps of runs must be equal bit by bit."""
