"""What is declared, as files state it: bases, ablations, claims, scales, and where they lie."""
