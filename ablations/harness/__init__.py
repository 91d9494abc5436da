"""Declarations and a scale in, complete and checked run configs out.

What comes in are the YAML files of ``ablations`` and ``config``. Nothing here trains, and nothing
imports torch: Snakemake reads this at every call.
"""
