"""Reading: run records into tables, the tables again, and what the paper published.

Files come in, checked; nothing is judged, drawn or worded here.
"""
