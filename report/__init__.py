"""From run records to tables, verdicts, figures and the page; imports neither torch nor training.

The modules at the top are what people call (``python -m report.claims``, ``compare``, ``render``)
and how numbers are written; the rooms are ``read``, ``judge``, ``draw`` and ``page``, in that
order, and none imports a later one.
"""
