"""Resolve declarations and a scale to complete, checked run configs.

The input is the YAML files in ``ablations`` and ``config``. This package trains nothing, and
doesn't import torch, because Snakemake imports it at every call.
"""
