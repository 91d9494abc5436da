"""What a reader sees first: the study's own answer."""
