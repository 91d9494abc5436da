"""Benchmarks: what they write."""

import importlib

from benchmarks import report as reports
from benchmarks import training
from benchmarks.training import RESULTS, filed, report

PAGE = "# Speed\n\nOf training.\n\n## A, 2 cores\n\nold\n\n## B, 2 cores\n\nother\n"


def test_a_processor_s_section_is_replaced_where_it_stands() -> None:
    assert filed(PAGE, "## A, 2 cores\n\nnew\n") == PAGE.replace("old", "new")


def test_another_processor_s_section_comes_last() -> None:
    section = "## A, 4 cores\n\nnew\n"
    assert filed(PAGE, section) == f"{PAGE}\n{section}"


def test_this_processor_s_section_is_replaced_by_a_run_s_report(monkeypatch) -> None:
    heading = "Intel(R) Xeon(R) Processor, 2 cores"
    monkeypatch.setattr(training, "processor", lambda: heading)
    monkeypatch.setattr(training, "precision", lambda: "bf16")
    rates = {"paper loop": [100.0, 90.0, 110.0], "ours": [200.0] * 3, "GEMM": [1e12] * 3}
    filed_once = filed(RESULTS.read_text(), report(rates, 8.0))
    assert filed_once.count(f"## {heading}, bf16\n") == 1
    assert "\npaper loop: 2.00\n\nGEMM share: 0.49\n" in filed_once


def test_the_steps_of_the_reports_benchmark_are_there():
    for module in reports.STEPS.values():
        assert callable(importlib.import_module(module).main)
