"""What augmentation does."""

TITLE = "Augmentation"
