"""Reading images from their sources into arrays on disk, and from there into a run."""
