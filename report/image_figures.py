"""Figures of images: what augmentation does, what is taken for what, and the surest mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns

from report.drawing import Drawing, nothing, sheet
from report.tables import Tables, confusion_shares
from report.wording import percent


def draw_augmentation(tables: Tables, narrow: bool) -> Drawing:
    """Draw a training image of each class, and what each copy's transforms make of it."""
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
        axes.set_title(name, loc="left", fontsize=5.5 if narrow else 8, pad=2)
    classes = [tables.classes[label] for label in labels]
    alt = (
        f"The first training image of {shown} classes ({', '.join(classes)}), as it is and after "
        f"the transforms of {len(names) - 1} kinds of copies: {'; '.join(names[1:])}."
    )
    caption = (
        "Training images as seed 0 sees them in its first epoch: a row a kind of copy, with its "
        f"transforms in order (n = {shown} images, one a class; pictures, so no interval)."
    )
    data = pd.DataFrame({"copy": pictures.names, "transforms": names})
    return Drawing(figure, alt, caption, data)


def draw_confusion(tables: Tables, narrow: bool) -> Drawing:
    """Draw how often each class was taken for which, in percent of its test images."""
    shares, seeds = confusion_shares(tables)
    run = str(tables.confusion["run"].iloc[0])
    figure, axes = sheet(narrow, 2.9 if narrow else 5)
    sns.heatmap(
        shares * 100,
        ax=axes,
        annot=True,
        fmt=".0f",
        cmap="cividis",
        vmin=0,
        vmax=100,
        annot_kws={"fontsize": 4.5 if narrow else 8},
        cbar_kws={"label": "% of the class's test images"},
        xticklabels=tables.classes,
        yticklabels=tables.classes,
    )
    axes.set(xlabel="taken for", ylabel="class")
    axes.tick_params(axis="x", rotation=45)
    axes.tick_params(axis="y", rotation=0)
    off = shares.to_numpy(copy=True)
    np.fill_diagonal(off, 0)
    label, guess = np.unravel_index(int(off.argmax()), off.shape)
    alt = (
        f"What {run} takes each class for. The most frequent confusion: "
        f"{tables.classes[label]} for {tables.classes[guess]}, "
        f"{percent(float(off[label, guess]), 1)} of its test images."
    )
    caption = (
        f"Confusions of {run} after the last epoch, in percent of each class's test images (mean "
        f"over n = {seeds} {'seed' if seeds == 1 else 'seeds'}; no interval)."
    )
    return Drawing(figure, alt, caption, _named(tables))


def _named(tables: Tables) -> pd.DataFrame:
    table = tables.confusion.copy()
    for column in ("label", "guess"):
        table[column] = [tables.classes[number] for number in table[column]]
    return table[["run", "seed", "label", "guess", "images"]]


def draw_mistakes(tables: Tables, narrow: bool) -> Drawing:
    """Draw the mistakes that were made with the highest probability."""
    table, images = tables.mistakes, tables.pictures.mistakes
    if table.empty or images is None:
        return nothing(narrow, "No mistake." if table.empty else "No pictures of the mistakes.")
    columns = 4 if narrow else 8
    shown = min(len(table), columns * (4 if narrow else 3))
    rows = -(-shown // columns)
    figure, panels = sheet(narrow, (0.95 if narrow else 1.2) * rows, rows, columns, squeeze=False)
    said: list[str] = []
    for place, axes in enumerate(panels.flat):
        axes.set_axis_off()
        if place < shown:
            row: Any = table.iloc[place]
            words = [tables.classes[int(row[key])] for key in ("label", "guess")]
            axes.imshow(images[place], interpolation="nearest")
            sure = percent(float(row["probability"]), 0)
            axes.set_title(
                f"{words[0]}\ntaken for {words[1]}\n{sure}", fontsize=4.5 if narrow else 7, pad=2
            )
            said.append(f"{words[0]} taken for {words[1]} ({sure})")
    run = table["run"].iloc[0]
    alt = f"The surest mistakes of {run}: {', '.join(said[:8])}."
    seeds = int(tables.confusion["seed"].nunique())
    caption = (
        f"The {shown} mistakes of {run} with the highest probability, the mean over n = {seeds} "
        f"{'seed' if seeds == 1 else 'seeds'} (pictures, so no interval): the class, what it was "
        "taken for, and how sure."
    )
    data = table.assign(
        label=[tables.classes[n] for n in table["label"]],
        guess=[tables.classes[n] for n in table["guess"]],
    )
    return Drawing(figure, alt, caption, data)
