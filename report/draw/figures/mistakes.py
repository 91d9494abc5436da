"""The misclassified test images to which the analysed run gave the highest probability."""

from __future__ import annotations

from typing import Any

from report.draw.drawing import Drawing, nothing, sheet
from report.read.arms import name_of
from report.read.tables import Tables
from report.wording import percent

SECTION = "errors"
PER = "study"


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw the misclassified images with the highest probability."""
    table, images = tables.mistakes, tables.pictures.mistakes
    if table.empty or images is None:
        return nothing(narrow, "No mistake." if table.empty else "No pictures of the mistakes.")
    columns = 3 if narrow else 8
    shown = min(len(table), columns * (5 if narrow else 3))
    rows = -(-shown // columns)
    figure, panels = sheet(narrow, (1.35 if narrow else 1.25) * rows, rows, columns, squeeze=False)
    said: list[str] = []
    for place, axes in enumerate(panels.flat):
        axes.set_axis_off()
        if place < shown:
            row: Any = table.iloc[place]
            words = [tables.classes[int(row[key])] for key in ("label", "guess")]
            axes.imshow(images[place], interpolation="nearest")
            sure = percent(float(row["probability"]), 0)
            axes.set_title(
                f"{words[0]}\ntaken for {words[1]}\n{sure}", fontsize=6.5 if narrow else 7.5, pad=2
            )
            said.append(f"{words[0]} taken for {words[1]} ({sure})")
    run = name_of(tables.study, str(table["run"].iloc[0]))
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
