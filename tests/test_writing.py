import csv

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from report.writing import FORMULA, harmless, write_csv


def test_a_formula_becomes_text_and_numbers_stay_numbers(tmp_path):
    names, numbers = ["=1+1", "plain", "@sum", None], [-1.5, 2, float("nan"), 0]
    write_csv(pd.DataFrame({"name": names, "=x": numbers}), tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "name,'=x\n'=1+1,-1.5\nplain,2.0\n'@sum,\n,0.0\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_no_cell_of_text_begins_like_a_formula_and_none_is_lost(tmp_path, cells):
    write_csv(pd.DataFrame({"cell": cells, "more": 1}), tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    assert not any(row[0].startswith(FORMULA) for row in rows)
    assert [row[0] for row in rows] == [harmless(cell) for cell in cells]


def test_a_harmless_cell_keeps_its_text():
    assert [harmless(c) for c in ("a=b", "", "'=1", "\u2212")] == ["a=b", "", "'=1", "\u2212"]
    assert harmless("-\r\nx\r") == "'-\nx\n"
