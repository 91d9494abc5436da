"""The sections of the report, one module each (see `report.page.registry`)."""
