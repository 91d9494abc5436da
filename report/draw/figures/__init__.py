"""The figures, one in each module (see `report.draw.registry`)."""
