"""Read images from their sources into a cache of arrays on disk, and load the cache in a run."""
