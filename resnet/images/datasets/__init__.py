"""The registry of data sets; each data set is a folder.

``settings.py`` defines the static properties (``DATASET``) without importing torch. ``read.py``
defines how the images are read from each source (``SOURCES``).
"""

from __future__ import annotations

from resnet.images.dataset import Dataset
from resnet.registry import entries

DATASETS: dict[str, Dataset] = {
    name: module.DATASET for name, module in entries("resnet.images.datasets").items()
}
"""The static properties of every data set, by name."""
