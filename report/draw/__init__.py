"""Drawing: every figure, each a module of its own in ``figures``.

Tables come in; a figure with its caption, its words and its data goes out.
"""
