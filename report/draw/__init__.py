"""Draw the figures; each figure is a module in ``figures``.

The input is tables; the output is a figure with its caption, alt text and data.
"""
