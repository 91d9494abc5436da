"""Write the report as an HTML page and as LaTeX: ``python -m report.render results/<scale>``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from report.draw.all_figures import draw_all
from report.draw.registry import EntryError
from report.judge import claims
from report.judge.partial import partial_tables
from report.page import html, latex, pdf, summary
from report.page.page import Page, page_of
from report.page.sources import Sources
from report.read.files import RecordError
from report.read.tables import READ, Tables, read_tables
from report.share import card, checklist, crate, picture, table
from report.writing import write_csv, write_parquet, write_text


def write(folder: Path, tables: Tables, figures: Path, into: Path) -> None:
    """Write ``index.html``, ``report.tex`` and what goes with them.

    Parameters
    ----------
    folder
        ``results/<scale>``.
    tables
        The study's tables.
    figures
        The folder of the study's figures.
    into
        The report's folder, beside ``figures``.
    """
    sources = Sources(folder, tables, figures)
    page = page_of(sources)
    has_pdf = bool(pdf.engine()) or (into / "report.pdf").is_file()
    write_text(html.render(page, tables, figures, has_pdf), into / "index.html")
    write_text(latex.render(page, f"../{figures.name}"), into / "report.tex")
    share(sources, page, into)


def share(sources: Sources, page: Page, into: Path) -> None:
    """Write what others may take from a study: a picture, tables, and descriptions of it."""
    study, runs, data = sources.study, sources.runs, sources.data
    picture.write(page, sources.verdicts, into / "share.png")
    commands = page.section("reproducibility")["commands"]
    texts = {
        "summary.md": summary.summary(sources.verdicts),
        "table.tex": table.ablations_table(study, runs, sources.comparisons),
        "checklist.md": checklist.checklist(study, runs, sources.comparisons, data, commands),
        "model_card.md": card.model_card(study, runs, data, sources.records, page.answer),
    }
    for name, text in texts.items():
        write_text(text, into / name)
    for name in READ:
        write_parquet(getattr(sources.tables, name), into / "tables" / f"{name}.parquet")
    # A partial report lies beside the records that a crate names, not above them.
    if into.parent.resolve() == sources.folder.resolve():
        described = crate.crate(sources.folder, into, page, runs)
        write_text(described, sources.folder / "ro-crate-metadata.json")


def partial(folder: Path, into: Path) -> Path:
    """Write a report of the existing records, including gaps, and return its path.

    Nothing is trained, and no file outside ``into`` is changed.

    Raises
    ------
    LatexError
        If the PDF can't be made; the HTML page has been written by then.
    """
    tables = partial_tables(folder, into / "tables")
    verdicts = [*claims.judge(tables), *claims.judge_own(tables)]
    write_csv(claims.to_table(verdicts), into / "tables" / "claims.csv")
    draw_all(tables, into / "figures")
    write(folder, tables, into / "figures", into / "report")
    if not pdf.build(into / "report" / "report.tex"):
        print(pdf.NO_ENGINE)
    return into / "report" / "index.html"


def main(argv: list[str] | None = None) -> int:
    """Write ``report/index.html`` and ``report/report.tex``."""
    parser = argparse.ArgumentParser(prog="python -m report.render", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    parser.add_argument(
        "--partial", action="store_true", help="of the records as they are, into partial/report"
    )
    parser.add_argument(
        "--into", type=Path, help="with --partial: another folder for tables, figures and report"
    )
    args = parser.parse_args(argv)
    if args.into and not args.partial:
        parser.error("--into is for --partial: the report of a whole study is beside its tables")
    try:
        if args.partial:
            print(
                f"The partial report: {partial(args.folder, args.into or args.folder / 'partial')}"
            )
        else:
            figures = args.folder / "figures"
            write(args.folder, read_tables(args.folder), figures, args.folder / "report")
    except (RecordError, EntryError, pdf.LatexError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
