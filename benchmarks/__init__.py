"""The benchmarks behind the numbers in the README and the docs; each module is a command."""
