"""One module per type of claim, which judges it; see also ``report/claim_types/<type>.yaml``.

Each module has a function ``judge(evidence, claim, test)`` that returns the `Part` of one test.
"""
