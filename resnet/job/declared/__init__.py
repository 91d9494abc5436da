"""Tables of what the declarations decide without training: learning rates and networks."""
