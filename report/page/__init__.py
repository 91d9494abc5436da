"""Write the report from one context and two templates: as an HTML page, and as LaTeX and PDF.

The input is tables, verdicts and figures; this package doesn't read run records.
"""
