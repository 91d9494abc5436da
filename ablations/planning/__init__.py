"""Plan a study before and while it is trained: time, detectable effects, and the next runs.

Unlike the harness, which Snakemake imports at every start, this package may import the statistics
of `report.judge`, so that plans use the same levels as verdicts.
"""
