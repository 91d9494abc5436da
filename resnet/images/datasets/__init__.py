"""The data sets: a registry, in which each data set is a folder.

``settings.py`` holds the data set's facts (``DATASET``), without torch; ``read.py`` reads the
images (``SOURCES``, a function of the folder for each source) and says what pixels they are
(``PIXELS``).
"""

from __future__ import annotations

from resnet.images.dataset import Dataset
from resnet.registry import entries

DATASETS: dict[str, Dataset] = {
    name: module.DATASET for name, module in entries("resnet.images.datasets").items()
}
"""Every data set's facts, by name."""
