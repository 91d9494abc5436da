"""Training images before and after each copy's transforms."""

from __future__ import annotations

import numpy as np
import pandas as pd

from report.draw.drawing import Drawing, nothing, sheet
from report.read.tables import Tables
from report.wording import plural

SECTION = "augmentation"
PER = "study"


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw a training image of each class before and after each copy's transforms."""
    pictures = tables.pictures
    if pictures.copies is None:
        return nothing(narrow, "No pictures of the training images.")
    shown = min(6 if narrow else 10, pictures.copies.shape[1])
    copies, labels = pictures.copies[:, :shown], pictures.labels[:shown]
    names = [name.replace("_", " ") for name in pictures.names]
    figure, panels = sheet(
        narrow, (0.52 if narrow else 0.72) * len(copies) + 0.2, len(copies), 1, squeeze=False
    )
    for axes, images, name in zip(panels[:, 0], copies, names, strict=True):
        axes.imshow(np.concatenate(list(images), axis=1), interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
        axes.set_title(name, loc="left", fontsize=6.5 if narrow else 8, pad=2)
    classes = [tables.classes[label] for label in labels]
    alt = (
        f"The first training image of {shown} classes ({', '.join(classes)}) in "
        f"{plural(len(names), 'kind')} of copies: {'; '.join(names)}."
    )
    caption = (
        "Training images as the copies' transforms change them: a row a kind of copy, with its "
        f"transforms in order (n = {shown} images, one a class; pictures, so no interval)."
    )
    data = pd.DataFrame({"copy": pictures.names, "transforms": names})
    return Drawing(figure, alt, caption, data)
