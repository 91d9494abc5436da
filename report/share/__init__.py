"""What a study gives away beside its report: a picture, tables, and descriptions of itself."""
