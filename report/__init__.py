"""Make tables, verdicts, figures and the report's page from run records, without importing torch.

The modules at the top level are the commands (``python -m report.claims``, ``compare``, ``render``)
and the formatting of numbers. The subpackages are ``read``, ``judge``, ``draw`` and ``page``; each
imports only from earlier ones in this order.
"""
