"""Read and check run records, tables and the paper's published results.

This package judges, draws and words nothing.
"""
