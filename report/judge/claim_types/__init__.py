"""How a claim of each type is judged: a module a type, beside ``report/claim_types/<type>.yaml``.

Each has a function ``judge(evidence, claim, test)`` that returns the `Part` of one test.
"""
