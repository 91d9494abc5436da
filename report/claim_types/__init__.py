"""Types of claims: the forms that their tests can have, and the check of a claim against these.

Each type is a file ``<type>.yaml``; ``report/judge/claim_types/<type>.py`` judges its claims. Both
`ablations.harness`, which reads the user's claims, and `report`, which reads the paper's, check
claims by this package, which imports neither.
"""
