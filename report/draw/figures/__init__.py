"""The figures, one a module (see `report.draw.registry`)."""
