"""The benchmarks behind the numbers in the docs; each module is a command."""
