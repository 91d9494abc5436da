"""What learning curves are read from; each module has a function ``read``."""
