"""Whether two trees of code train the same: the first steps of runs, bit by bit, in both."""
