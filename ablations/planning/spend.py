"""Spend a budget of hours on a study, one Snakemake call after another; resumable at any time."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ablations.harness.declarations.document import DeclarationError
from ablations.harness.declarations.home import ROOT
from ablations.harness.resources import estimate, read_measured
from ablations.harness.study import Study, to_document
from ablations.planning.budget import Arm, Record, Step, arms_of_claims, next_step
from report.judge.claims import judge, judge_own
from report.judge.partial import partial_tables
from report.judge.parts import DECIDED
from report.judge.verdicts import Verdict
from report.read.files import NothingFinishedError, RecordError, read_json
from report.read.published import published_of

MOST_RUNS = 4
"""How many runs for each core a Snakemake call gets at most, so that choices are made anew."""


@dataclass
class Budget:
    """A study that is being run, and the moment at which its time is spent.

    Parameters
    ----------
    study
        The study.
    options
        Settings as ``key=value``, for Snakemake's ``--config``.
    until
        When the time is spent, on the clock of `time.monotonic`.
    say
        Function that prints a line.
    """

    study: Study
    options: list[str]
    until: float
    say: Callable[[str], None] = print
    failed: set[Record] = field(default_factory=set)
    refused: set[Record] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        """``results/<scale>``."""
        return ROOT / "results" / self.study.folder

    @property
    def left(self) -> float:
        """The hours that are left."""
        return max(0.0, self.until - time.monotonic()) / 3600

    def spend(self) -> None:
        """Train what has the best chance of a verdict until the time is spent.

        Raises
        ------
        DeclarationError
            If Snakemake fails before anything is trained.
        """
        results = f"results/{self.study.folder}"
        tables = [f"{results}/tables/{name}.csv" for name in ("rates", "networks")]
        data = f"results/data/{self.study.scale.dataset}/data.json"
        if self._snakemake([f"{results}/study.json", data, *tables]) and self.left:
            raise DeclarationError(Path("study"), None, f"Snakemake failed: see {self._log}")
        document = to_document(self.study)
        claims = arms_of_claims(document, published_of(document))
        while True:
            verdicts = self._verdicts()
            step = next_step(claims, verdicts, self._there() | self.failed, self._seconds())
            self._report(claims, verdicts, step)
            if step is None or not self.left:
                return
            self._train(step)

    def _there(self) -> set[Record]:
        """Return the study's records that exist, but for those that the report refuses."""
        found = self.folder.glob("runs/*/seed*/summary.json")
        seeds = ((path.parts[-3], path.parts[-2].removeprefix("seed")) for path in found)
        there = {(run, int(seed)) for run, seed in seeds if seed.isdigit()}
        return {record for record in there if record[0] in self.study.runs} - self.refused

    def _changed(self, record: Record) -> float:
        """Return when a record was written, in seconds since the epoch; 0 if there is none."""
        run, seed = record
        path = self.folder / "runs" / run / f"seed{seed}" / "summary.json"
        return path.stat().st_mtime if path.is_file() else 0.0

    def _train(self, step: Step) -> None:
        """Train some of a step's runs; those that end without a record aren't tried again."""
        some = step.records[: MOST_RUNS * (os.cpu_count() or 1)]
        folder, began = f"results/{self.study.folder}/runs", time.time()
        self._snakemake([f"{folder}/{run}/seed{seed}/summary.json" for run, seed in some])
        # Records that the report refused, and that were trained anew.
        self.refused -= {record for record in some if self._changed(record) >= began}
        lacking = set(some) - self._there()
        if lacking and self.left:
            self.failed |= lacking
            self.say(f"{len(lacking)} runs failed and are left out: see {self._log}")

    @property
    def _log(self) -> Path:
        return self.folder / "logs" / "budget.log"

    def _snakemake(self, targets: list[str]) -> int:
        """Call Snakemake, and stop it when the time is spent; its jobs save checkpoints then."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        command = ["snakemake", "--config", *self.options, "--", *targets]
        with self._log.open("a") as log, _signals_interrupt():
            # Waits for the jobs of an interrupted call, and removes its lock.
            unlock = [sys.executable, "-m", "resnet.job.resume"]
            subprocess.run(unlock, cwd=ROOT, stdout=log, stderr=log, check=False)
            # In a group of its own, so that jobs stop with it.
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                return process.wait(timeout=self.left * 3600)
            except (subprocess.TimeoutExpired, KeyboardInterrupt) as stopped:
                _stop(process)
                if isinstance(stopped, KeyboardInterrupt):
                    raise
                return 1

    def _verdicts(self) -> list[Verdict]:
        self.refused = set()
        if not self._there():
            return []
        try:
            tables = partial_tables(self.folder, self.folder / "partial" / "tables")
        except NothingFinishedError:
            # The records are of other configs; they are trained anew.
            self.refused = self._there()
            return []
        except RecordError as error:
            raise DeclarationError(Path("study"), None, str(error)) from None
        gaps = tables.gaps.itertuples()
        self.refused = {(str(row.run), int(row.seed)) for row in gaps} & self._there()
        return [*judge(tables), *judge_own(tables)]

    def _seconds(self) -> Callable[[str], float]:
        """Return a function for the seconds of a run: as it took before, or as estimated.

        Estimates are scaled by what finished runs took.
        """
        took: dict[str, list[float]] = {}
        for run, seed in self._there():
            summary = read_json(self.folder / "runs" / run / f"seed{seed}" / "summary.json")
            took.setdefault(run, []).append(float(summary["seconds"]))
        measured = read_measured(ROOT / "results" / "calibration.json")
        runs = self.study.runs
        guessed = {run: 60 * estimate(runs[run], "cpu", measured).minutes for run in runs}
        ratios = [statistics.mean(took[run]) / guessed[run] for run in took if run in guessed]
        ratio = statistics.median(ratios) if ratios else 1.0

        def seconds(run: str) -> float:
            return statistics.mean(took[run]) if run in took else ratio * guessed[run]

        return seconds

    def _report(self, claims: list[list[Arm]], verdicts: list[Verdict], step: Step | None) -> None:
        """Print what is decided, what comes next, and the time that is left."""
        able = {arms[0].claim for arms in claims}
        mine = [verdict for verdict in verdicts if verdict.id in able]
        width = max((len(v.id) for v in mine), default=0)
        decided = [v for v in mine if (v.here or v).verdict in DECIDED]
        self.say(f"\n{len(decided)} of {len(able)} claims that runs can decide are decided.")
        for verdict in mine:
            here = f"; by themselves: {verdict.label_here}" if verdict.label_here else ""
            self.say(f"  {verdict.id:{width}}  {verdict.label}{here}")
        if step is None:
            self.say("Nothing more is likely to be decided at the declared looks (config: looks).")
        elif not self.left:
            self.say(f"The time is spent. Next would come {step.in_words()}.")
        else:
            more = f"{len(step.records)} runs, about {step.hours:.2f} hours of one core"
            self.say(f"Next: {step.in_words()} ({more}). {self.left:.2f} hours are left.")


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Handle SIGTERM and a closed terminal like Ctrl-C, so that Snakemake is stopped, too."""
    asked = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) != signal.SIG_IGN]
    before = {s: signal.signal(s, signal.default_int_handler) for s in asked}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process and its group to stop, and wait for it."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=120)
    except ProcessLookupError:
        return  # it has ended
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
