"""Run records of runs that others trained, made of a table or of what a tracker left."""
