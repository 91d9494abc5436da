"""Write the report's sentences from the configs, the tables and the published facts."""

from __future__ import annotations

import json
import math
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from report.judge import comparisons
from report.judge.parts import NOT_RUN, REFUTED, SAME, SHOWN, SUPPORTED, UNDECIDED, UNTESTABLE
from report.judge.verdicts import Verdict
from report.read.arms import looks_of
from report.read.tables import Tables, final_run
from report.wording import count, duration, listed, percent, plural, signed

ORDER = (SUPPORTED, REFUTED, SAME, UNDECIDED, NOT_RUN, UNTESTABLE, SHOWN)
"""The order of verdicts in the counts."""


def counts(verdicts: list[Verdict]) -> list[tuple[str, int]]:
    """Return the number of claims with each verdict, in a fixed order."""
    counted = Counter(verdict.verdict for verdict in verdicts)
    return [(verdict, counted[verdict]) for verdict in ORDER if counted[verdict]]


def counted_sentence(verdicts: list[Verdict]) -> str:
    """Return a sentence with the counts."""
    said = ", ".join(f"{n} {verdict}" for verdict, n in counts(verdicts))
    return f"Of the paper's {len(verdicts)} claims: {said}."


def headline(tables: Tables) -> list[tuple[str, str]]:
    """Return the most important numbers, as pairs of label and value."""
    runs, facts = tables.runs, tables.published.facts
    mine = runs[runs["run"] == final_run(tables)]
    parameters = f"{count(facts['final_model']['parameters'])} published"
    reported = float(facts["final_protocol"]["accuracy"]["reported"])
    accuracy = f"{percent(reported, 0)} published"
    if len(mine):
        parameters += f", {count(mine['parameters'].iloc[0])} measured"
        accuracy += (
            f", {percent(mine['best_notebook_test_accuracy'].mean())} measured by the paper's "
            f"metric, {percent(mine['final_test_accuracy'].mean())} after the last epoch "
            f"(n = {len(mine)}, {count(mine['images_seen'].iloc[0])} images seen)"
        )
    else:
        accuracy += ", not run in this study"
    diverged = int((runs["status"] == "diverged").sum())
    return [
        ("Parameters of the final model", parameters),
        ("Accuracy of the final model", accuracy),
        ("Ablations", str(len(tables.study["ablations"]))),
        (
            "Runs",
            f"{count(len(runs))} trained in {duration(runs['seconds'].sum())}, {diverged} diverged",
        ),
    ]


def protocol(tables: Tables) -> list[str]:
    """Return paragraphs on the experimental protocol, from the configs and the data."""
    data, study = tables.data, tables.study
    images = data["images"]
    seeds = sorted({ablation["seeds"] for ablation in study["ablations"].values()})
    precisions = ", ".join(map(str, tables.runs["precision"].drop_duplicates()))
    return [
        f"Images: {data['dataset']}, {count(images['train'])} to train on and "
        f"{count(images['test'])} to test on; {data['pixels']}. Scale {study['scale']['name']}: "
        f"{study['scale']['about']}.",
        "Every arm changes its ablation's base in the factor that is asked about, and in nothing "
        "else unless the section says so. All arms of an ablation are trained with the same seeds "
        f"({' or '.join(map(str, seeds))} of them here), which decide the initial weights, the "
        "order of images and their augmentation; effects are differences paired by seed.",
        "The headline is the last epoch's accuracy on all test images. The best epoch on the test "
        "images, the paper's habit, stands beside it. The paper chose its hyperparameters on the "
        f"test images; {_chosen_here(study)}. Precision: {precisions}.",
        "A direction is supported or refuted by a paired t test with Holm's adjustment over the "
        "paper's claims on directions [4], or found to make no meaningful difference (0.5 points) "
        "by two one-sided tests [5]; that a change doesn't help by the same test against a gain of "
        "0.5 points; a size and a value by whether the whole 95% interval lies on one side of a "
        "threshold; a trend by a sign test over seeds; arithmetic from the declarations. "
        f"{_looks(study)} A verdict whose runs began before its rule was written is marked post "
        "hoc.",
    ]


def _looks(study: dict[str, Any]) -> str:
    """Return at which numbers of seeds verdicts may be given, in words."""
    declared = sorted({looks_of(ablation) for ablation in study["ablations"].values()})
    said = [listed(looks) for looks in declared]
    several = any(len(looks) > 1 for looks in declared)
    allowed = ", and p-values and intervals allow for every look" if several else ""
    return f"A verdict may be given when {' or '.join(said)} seeds are there{allowed}."


def _chosen_here(study: dict[str, Any]) -> str:
    """Return on which images this study chooses hyperparameters, if it does, in words."""
    configs = [planned["config"] for planned in study["runs"].values() if planned["config"]]
    if any(config["selection"].get("held_out_images") for config in configs):
        return "this study chooses among arms on images held out of training"
    return "this study chooses none"


def optimism(tables: Tables) -> list[str]:
    """Return a paragraph on the gain from choosing the epoch on the test set."""
    gained = comparisons.optimism(tables.epochs)["optimism_points"].dropna()
    if gained.empty:
        return []
    return [
        "The paper reports the best epoch on the test images, so the test set also chose the "
        f"model. Here that gains {signed(gained.mean())} points on average over "
        f"{plural(len(gained), 'run')} and {signed(gained.max())} at most; none of it would be "
        "there on new images."
    ]


def contradictions(tables: Tables) -> list[str]:
    """Return the paper's contradictions that ``paper/published.yaml`` lists."""
    facts = tables.published.facts
    return [*facts["figure4"]["notes"], *facts["other_inconsistencies"]]


def limits(tables: Tables) -> list[str]:
    """Return the limitations of this study, from its data, its length and its seeds."""
    found = []
    scale, runs = tables.study["scale"], tables.runs
    if scale["dataset"] != "cifar10":
        found.append(
            f"The images are {scale['dataset']}, not CIFAR-10: accuracies and effects say nothing "
            "about the paper. Parameter counts and layer sizes are the paper's at every scale."
        )
    elif "recompressed" in tables.data["pixels"]:
        found.append(
            "The pixels may be recompressed, which costs some accuracy against the official "
            "archive's; all arms share them."
        )
    mine = runs[runs["run"] == final_run(tables)]
    if len(mine):
        seen = int(mine["images_seen"].iloc[0])
        if seen < 15_000_000:
            found.append(
                f"The final model saw {count(seen)} images; the paper's at least 16,000,000."
            )
    detectable = tables.comparisons["detectable_points"].dropna()
    single = int((tables.comparisons["n"] < 2).sum())
    if len(detectable):
        found.append(
            f"At the spread seen between seeds, half of the {len(detectable)} comparisons of "
            f"several seeds could have found a difference of {detectable.median():.2f} points or "
            "less with 80% power, the others only larger ones."
        )
    if single:
        found.append(
            f"{plural(single, 'comparison rests', 'comparisons rest')} on one seed, which can't "
            "tell an effect from chance."
        )
    if len(tables.gaps):
        found.append(f"{plural(len(tables.gaps), 'run has', 'runs have')} no record.")
    found += [
        "Hyperparameters were not searched again for each arm: an arm is judged with its base's.",
        "Intervals over seeds say how other seeds would come out on the same test images; those "
        "over test images, how the same runs would on other images. Neither says how another data "
        "set would.",
        "The paper doesn't say how row 3 of Figure 1 shrinks its images, nor the stem of row 2: "
        "what was assumed stands beside the figure.",
    ]
    return found


ASSUMPTIONS = (
    "Assumptions: the paper doesn't say how the stems shrink the images. Rows 1 and 2 are run with "
    "the early notebook's stem (stride 2, then maxpool) and with the stride in a block's second "
    "convolution. Row 3 is run both so, and at full resolution (no stride in the stem, no maxpool) "
    "with the stride in the first convolution, as in the final model."
)
RATES = (
    "The notebook printed scheduler.get_lr() after each epoch. Between steps that call returns the "
    "recursion's next value, not the rate in force. Simulating the published protocol (cosine with "
    "T_max 25 from 0.1 to 0.0001, stepped after each of an epoch's 1,562 batches) gives what the "
    "paper printed; the rate in force was another."
)


# --- where numbers come from ----------------------------------------------------------------


def provenance(tables: Tables) -> list[tuple[str, str]]:
    """Return the provenance of the runs, as pairs of label and value."""
    runs, data = tables.runs, tables.data

    def every(column: str) -> str:
        return ", ".join(str(value) for value in runs[column].drop_duplicates())

    return [
        ("Commit", every("commit")),
        ("Digest of the training code", every("code_digest")),
        ("Versions", every("versions")),
        ("Trained on", f"{every('device')} ({every('processor')})"),
        ("Precision", every("precision")),
        ("Threads a run", every("threads")),
        ("Most memory in a run", f"{runs['peak_memory_mib'].max():,.0f} MiB"),
        ("Training time, all runs", duration(runs["seconds"].sum())),
        ("Seeds", f"0 to {runs['seed'].max()} at most; the same in every arm of an ablation"),
        ("Images", f"{data['dataset']} from {data['source']}; {data['pixels']}"),
        ("SHA-256 of the training images", data["sha256"]["train"]),
        ("SHA-256 of the test images", data["sha256"]["test"]),
    ]


def receipt(folder: Path) -> list[str]:
    """Return the results of `resnet.verify`, and the records that it accepted."""
    rows = _receipt(folder / "verification.json")
    again = [
        f"Trained again: {row['run']} seed {row['seed']}, {row['verdict']} "
        f"({row['points_apart']:g} points apart)."
        for row in rows
    ] or ["No run has been trained again to verify it yet: python -m resnet.verify FOLDER."]
    kept = [
        f"{plural(row['records'], 'record')} of commit {row['commit'][:12]} (code digest "
        f"{row['recorded']}) count as made by the code with digest {row['today']}: both gave the "
        f"same bits in the first {plural(row['steps'], 'step')} of {', '.join(row['runs'])}."
        for row in _receipt(folder / "kept.json")
    ]
    return again + kept


def _receipt(path: Path) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return rows


def adopted(tables: Tables) -> list[str]:
    """Return the records that were made elsewhere and imported in spite of differences."""
    if "adopted" not in tables.runs:
        return []
    mine = tables.runs.dropna(subset="adopted")
    return [
        f"{row['run']} seed {row['seed']} was made elsewhere, and differs: {row['adopted']}."
        for row in mine.to_dict("records")
    ]


def commands(tables: Tables, folder: Path) -> list[str]:
    """Return the commands that reproduce this study in ``folder``."""
    scale, data = tables.study["scale"], tables.data
    asked = [f"scale={scale['name']}"]
    if data["source"] in ("archive", "parquet"):
        asked += [f"data_source={data['source']}", "data_folder=FOLDER"]
    asked += [f"{key}={value}" for key, value in tables.study.get("options", {}).items()]
    return [
        f"snakemake --cores all --config {' '.join(map(shlex.quote, asked))}",
        f"python -m resnet.verify results/{folder.name} --sample 3",
        f"python -m report.claims results/{folder.name}",
    ]


REFERENCES = (
    (
        "K. He, X. Zhang, S. Ren, J. Sun. Deep Residual Learning for Image Recognition. CVPR 2016.",
        "https://arxiv.org/abs/1512.03385",
    ),
    (
        "A. Krizhevsky. Learning Multiple Layers of Features from Tiny Images. Technical report, "
        "University of Toronto, 2009.",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    (
        "S. Holm. A Simple Sequentially Rejective Multiple Test Procedure. Scandinavian Journal of "
        "Statistics 6:65-70, 1979.",
        "https://www.jstor.org/stable/4615733",
    ),
    (
        "D. J. Schuirmann. A comparison of the two one-sided tests procedure and the power "
        "approach for assessing the equivalence of average bioavailability. Journal of "
        "Pharmacokinetics and Biopharmaceutics 15:657-680, 1987.",
        "https://doi.org/10.1007/BF01068419",
    ),
)
"""The cited works and their addresses; the report lists the paper itself before them."""


def citation(tables: Tables, date: str) -> list[str]:
    """Return how to cite the paper, and this reproduction of it."""
    facts = tables.published.facts
    authors = ", ".join(facts["authors"])
    return [
        f"The paper: {authors}. {facts['title']}. {facts['repository']}",
        "This reproduction: The modified-resnet contributors. Modified Resnet, reproduced. Scale "
        f"{tables.study['scale']['name']}, {date}, commit "
        f"{', '.join(str(c)[:12] for c in tables.runs['commit'].drop_duplicates())}.",
    ]


def class_sentence(tables: Tables) -> str:
    """Return a sentence on the classes with the highest and the lowest accuracy."""
    table = tables.confusion
    right = table[table["label"] == table["guess"]].groupby("label")["images"].sum()
    shares = (right / table.groupby("label")["images"].sum()).fillna(0.0)
    best, worst = int(shares.idxmax()), int(shares.idxmin())
    run = str(table["run"].iloc[0])
    return (
        f"{run} is best at {tables.classes[best]} ({percent(float(shares[best]), 1)}) and worst at "
        f"{tables.classes[worst]} ({percent(float(shares[worst]), 1)})."
    )


def chance_sentence(tables: Tables) -> str:
    """Return a sentence on the variation between seeds and between samples of test images."""
    both = tables.spreads.dropna(subset=["seeds_points", "images_points"])
    if both.empty:
        return "One seed a run says nothing of how much seeds matter."
    seeds, images = (math.sqrt((both[c] ** 2).mean()) for c in ("seeds_points", "images_points"))
    share = seeds**2 / max(seeds**2 + images**2, 1e-12)
    return (
        f"A single run's accuracy moves by {seeds:.2f} points from seed to seed and by "
        f"{images:.2f} points from one sample of test images to another (root mean squares over "
        f"{plural(len(both), 'run')}): {percent(share, 0)} of that variance is seeds."
    )


def log_lines(epochs: pd.DataFrame, rate: str, last: int | None = None) -> str:
    """Return all epochs, or the ``last`` ones, in the format of the log in the paper's Figure 2."""
    lines = []
    epochs = epochs.assign(so_far=epochs["test_accuracy"].cummax())
    for _, row in epochs.iloc[-last if last else 0 :].iterrows():
        lines += [
            f"Epoch: {row['epoch']:.0f} LR: [{float(row[rate])!r}]",
            f"Train Loss: {row['train_loss']:.3f} | Train Acc: {row['train_accuracy']:.2%}",
            f"Val. Loss: {row['test_loss']:.3f} | Val Acc: {row['test_accuracy']:.2%}",
            f"Current best Val Acc: {float(row.get('best_test_accuracy_so_far', row['so_far']))!r}",
        ]
    return "\n".join(lines)
