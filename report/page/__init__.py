"""The page: what the report says, once, placed by two templates, as HTML and as LaTeX and PDF.

Tables, verdicts and figures come in; nothing is computed from records here.
"""
