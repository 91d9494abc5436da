"""The page in a real browser: what readers see, with JavaScript and without, and can do."""

import csv
import io
import json
import shutil
import subprocess

import pandas as pd
import pytest
from conftest import needs, report_on
from playwright.sync_api import expect, sync_playwright
from test_latex import make_hostile

WIDTHS = (390, 1024, 1920)


@pytest.fixture(scope="session")
def browser(chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, demo):
    """A function that opens the page, and fails the test for whatever the browser complains of."""
    contexts, complaints = [], []

    def open_page(folder=demo, anchor="", **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: complaints.append(f"requested {request.url}"))
        address = (folder / "report" / "index.html").as_uri()
        page.goto(address + anchor)
        # The page itself is the only request.
        complaints.remove(f"requested {address}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def test_the_page_asks_for_nothing_and_nothing_goes_wrong(visit):
    page = visit()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("h1")).to_contain_text("Modified Resnet")


def test_without_javascript_everything_is_readable(visit):
    page = visit(java_script_enabled=False)
    for name in ("summary", "ablations", "claims", "limits", "reproducibility"):
        expect(page.locator(f"#{name} > h2")).to_be_visible()
    expect(page.locator("#figure-effects .wide svg")).to_be_visible()
    expect(page.locator("#ablation-maxpool > .scroll table").first).to_be_visible()
    expect(page.locator("#explorer-static")).to_be_visible()
    assert page.locator("button").count() == 0


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_axe_finds_no_violation(visit, npm, scheme, width):
    page = visit(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.evaluate((npm / "axe-core" / "axe.min.js").read_text())
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    said = [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]
    assert said == []


def test_the_page_is_valid_html(demo, npm):
    java = needs(shutil.which("java"), "Java")
    checker = npm / "vnu-jar" / "build" / "dist" / "vnu.jar"
    argv = [java, "-jar", str(checker), "--format", "json", str(demo / "report" / "index.html")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = [m for m in json.loads(done.stderr)["messages"] if m["type"] == "error"]
    assert [(m["message"], m.get("extract", "")[:200]) for m in found[:5]] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_never_scrolls_sideways(visit, width):
    page = visit(viewport={"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#figure-effects .narrow svg").is_visible() == (width < 700)
    assert page.locator("#figure-effects .wide svg").is_visible() == (width >= 700)


def test_a_table_is_sorted_by_its_numbers_both_ways(visit):
    page = visit()
    page.locator("#ablation-path > details > summary", has_text="More columns").click()
    table = page.locator("#ablation-path > details table", has_text="what it costs")
    head = table.locator("th", has_text="parameters")
    column = head.evaluate("head => head.cellIndex")

    def values():
        texts = table.locator(f"tbody td:nth-child({column + 1})").all_text_contents()
        return [int(text.replace(",", "")) for text in texts]

    before = values()
    head.locator("button").click()
    assert values() == sorted(before)
    assert head.get_attribute("aria-sort") == "ascending"
    head.locator("button").press("Enter")
    assert values() == sorted(before, reverse=True)
    assert before != sorted(before)
    head.locator("button").click()
    assert values() == before
    assert head.get_attribute("aria-sort") is None


def test_columns_of_different_kinds_of_numbers_are_not_sorted(visit):
    heads = visit().locator("#verdicts table thead th")
    buttons = [heads.nth(i).locator("button").count() for i in range(4)]
    assert heads.all_text_contents() == ["claim", "verdict", "as tested", "measured"]
    assert buttons == [1, 1, 0, 0]


def test_an_address_that_is_none_opens_the_page(visit):
    page = visit(anchor="#%E0%A4%A")
    expect(page.locator("#explorer select").first).to_be_visible()


def test_negative_numbers_times_and_gaps_are_sorted_as_numbers(visit):
    page = visit()
    texts = ["−3.5", "+2.0", "–", "10 min", "90.0 s", "1,000"]
    order = "(a, b) => order(a, b, true, 1)"
    assert page.evaluate(f"(t) => t.slice(0, 3).sort({order})", texts) == ["−3.5", "+2.0", "–"]
    assert page.evaluate(f"(t) => t.slice(3, 5).sort({order})", texts) == ["90.0 s", "10 min"]
    assert page.evaluate("(t) => numberIn(t[5])", texts) == 1000


def test_a_table_is_filtered_by_every_word(visit):
    page = visit()
    summary = page.locator("#verdicts")
    rows = summary.locator("tbody tr")
    count = rows.count()
    assert count > 20
    summary.get_by_label("Filter").fill("supported FINAL")
    shown = [row for row in rows.all() if row.is_visible()]
    assert shown
    assert all("final" in row.text_content().lower() for row in shown)
    expect(summary.locator("output")).to_have_text(f"{len(shown)} of {count} rows")
    summary.get_by_label("Filter").fill("")
    assert all(row.is_visible() for row in rows.all())


def test_a_figures_data_can_be_downloaded_and_copied(visit, demo):
    page = visit(accept_downloads=True, permissions=["clipboard-read", "clipboard-write"])
    right = (demo / "figures" / "ablation_maxpool.csv").read_text()
    figure = page.locator("#figure-ablation_maxpool")
    with page.expect_download() as download:
        figure.get_by_label("Data of figure ablation_maxpool as CSV").click()
    assert download.value.suggested_filename == "ablation_maxpool.csv"
    assert download.value.path().read_text() == right
    figure.get_by_role("button", name="Copy data of figure ablation_maxpool").click()
    expect(figure.locator("output")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == right


@pytest.mark.parametrize(
    "anchor", ["#figure-pareto", "#ablation-optimizer", "#claim-final-accuracy", "#runs"]
)
def test_an_address_leads_to_its_place(visit, anchor):
    page = visit(anchor=anchor)
    expect(page.locator(anchor)).to_be_in_viewport()
    if anchor == "#runs":
        expect(page.locator("#runs table")).to_be_visible()
    if anchor.startswith("#claim"):
        # The evidence, not only the sentence.
        expect(page.locator(f"{anchor} li").first).to_be_visible()


def test_a_minus_is_found_as_it_is_typed(visit):
    page = visit()
    found = page.evaluate(
        """() => { for (const table of document.querySelectorAll(".filter + * table")) {
          for (const row of table.tBodies[0].rows) {
            const number = /\u2212[0-9.]+/.exec(row.textContent);
            if (!number) continue;
            for (const each of document.querySelectorAll("details")) each.open = true;
            table.id = "negative";
            return number[0];
          } } }"""
    )
    table = page.locator("#negative")
    page.locator(".filter:has(+ * #negative) input").fill(found.replace("\u2212", "-"))
    assert [row for row in table.locator("tbody tr").all() if row.is_visible()]


def test_a_link_to_a_row_that_is_filtered_out_shows_it(visit):
    page = visit(anchor="#runs")
    page.locator("#runs .filter input").fill("no such run")
    row = page.locator("#runs tbody tr", has=page.locator("[id^='run-']")).first
    expect(row).to_be_hidden()
    name = row.locator("[id^='run-']").get_attribute("id")
    page.evaluate("name => { location.hash = name; }", name)
    expect(row).to_be_in_viewport()


def test_every_link_inside_the_page_has_a_target(visit):
    page = visit()
    anchors = page.evaluate("[...document.links].map(a => a.getAttribute('href'))")
    inside = {a for a in anchors if a.startswith("#") and not a.startswith("#explore=")}
    assert len(inside) > 80
    assert [a for a in inside if page.locator(f'[id="{a[1:]}"]').count() != 1] == []


def test_the_contents_fold_away_where_there_is_no_room(visit):
    for width, opened in ((1400, True), (1000, False)):
        page = visit(viewport={"width": width, "height": 900})
        assert page.locator("nav details").evaluate("details => details.open") == opened
        # One screen, with the ablations folded but for those that are read.
        assert page.locator("nav").bounding_box()["height"] < 900


def test_the_contents_follow_the_reader(visit):
    page = visit()
    page.locator("#pareto").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('pareto').scrollIntoView()")
    expect(page.locator('nav a[href="#pareto"]')).to_have_attribute("aria-current", "location")


class TestExplorer:
    """The curves that a reader chooses, and the values that she reads."""

    def curves(self, page):
        return page.locator("#chart path.curve")

    def test_an_ablation_an_arm_and_a_seed_are_chosen(self, visit):
        page = visit()
        page.locator("#explorer").get_by_label("Ablation").select_option("kernel_size")
        expect(self.curves(page)).to_have_count(8)
        page.get_by_label("Seeds as").select_option("mean")
        expect(self.curves(page)).to_have_count(4)
        page.get_by_role("checkbox", name="kernels of 5 in every stage").uncheck()
        expect(self.curves(page)).to_have_count(3)
        page.get_by_label("Seeds as").select_option("each")
        page.locator("fieldset", has_text="Seeds").get_by_label("1", exact=True).uncheck()
        expect(self.curves(page)).to_have_count(3)
        for box in page.locator("#explorer fieldset input").all():
            box.uncheck()
        expect(page.locator("#chart")).to_have_attribute("aria-label", "No curve is chosen.")

    def test_it_is_reached_by_an_address_and_from_a_figure(self, visit):
        page = visit(anchor="#explore=optimizer")
        expect(page.locator("#explorer").get_by_label("Ablation")).to_have_value("optimizer")
        page.get_by_label("Explore the curves of maxpool").click()
        expect(page.locator("#explorer").get_by_label("Ablation")).to_have_value("maxpool")
        expect(page.locator("#chart")).to_be_in_viewport()
        # Again, from the same address; the keyboard goes along.
        page.evaluate("scrollTo(0, 0)")
        page.get_by_label("Explore the curves of maxpool").click()
        expect(page.locator("#chart")).to_be_in_viewport()
        expect(page.locator("#explorer").get_by_label("Ablation")).to_be_focused()

    def test_keys_read_the_values_of_the_records(self, visit, demo):
        page = visit(anchor="#explore=maxpool")
        epochs = pd.read_csv(demo / "tables" / "epochs.csv").query("run == 'base.design'")
        right = epochs.query("seed == 0")["test_accuracy"].to_numpy() * 100
        page.locator("#chart").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        said = page.locator("#readout").text_content()
        assert said.startswith("the base design, seed 0, 1,024 images seen: test accuracy (%) ")
        assert float(said.rpartition(" ")[2]) == pytest.approx(right[1], abs=0.006)
        page.keyboard.press("ArrowDown")
        assert page.locator("#readout").text_content().startswith("the base design, seed 1, 1,024")

    def test_pointing_reads_every_curve(self, visit):
        page = visit(anchor="#explore=maxpool")
        page.locator("#chart").hover()
        said = page.locator("#readout").text_content()
        # All four curves, base and arm with two seeds each, at once.
        assert "images seen: test accuracy (%) of " in said
        assert said.count("with the maxpool, seed ") == said.count("the base design, seed ") == 2
        expect(page.locator("#chart circle")).to_have_count(4)

    def test_two_ablations_are_compared_and_the_address_keeps_it(self, visit):
        page = visit()
        explorer = page.locator("#explorer")
        explorer.get_by_label("Ablation").select_option("maxpool")
        explorer.get_by_label("and another").select_option("shortcut_kernel")
        page.get_by_label("Seeds as").select_option("mean")
        # They share their base.
        expect(self.curves(page)).to_have_count(3)
        page.get_by_role("checkbox", name="Maxpool removal: with the maxpool").uncheck()
        expect(self.curves(page)).to_have_count(2)
        address = page.evaluate("location.hash")
        assert address.startswith("#explore=maxpool&with=shortcut_kernel")
        again = visit(anchor=address)
        expect(self.curves(again)).to_have_count(2)
        expect(again.locator("#explorer").get_by_label("and another")).to_have_value(
            "shortcut_kernel"
        )
        expect(again.get_by_label("Seeds as")).to_have_value("mean")

    def test_what_is_shown_can_be_downloaded(self, visit, demo):
        page = visit(anchor="#explore=maxpool", accept_downloads=True)
        page.locator("#explorer").get_by_label("Metric").select_option("train_loss")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download CSV").click()
        rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
        epochs = pd.read_csv(demo / "tables" / "epochs.csv")
        right = epochs[epochs["run"].isin(["base.design", "maxpool.with_maxpool"])]
        assert len(rows) == len(right)
        last = right.query("run == 'maxpool.with_maxpool' and seed == 1").iloc[-1]
        assert rows[-1]["run"] == "maxpool.with_maxpool"
        assert float(rows[-1]["train_loss"]) == pytest.approx(last["train_loss"], rel=1e-3)


def test_in_print_what_only_works_on_a_screen_is_gone(visit):
    page = visit()
    page.emulate_media(media="print")
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator("#explorer")).to_be_hidden()
    expect(page.locator("#figure-effects .wide svg")).to_be_visible()


def test_in_print_folds_are_open_and_nothing_is_wider_than_the_page(visit):
    page = visit(viewport={"width": 680, "height": 900}, java_script_enabled=False)
    settings = page.locator("#protocol td").first
    expect(settings).to_be_hidden()
    page.emulate_media(media="print")
    expect(settings).to_be_visible()
    expect(page.locator("#runs td").first).to_be_hidden()
    widths = "all => all.map(it => it.getBoundingClientRect().right).filter(end => end > 681)"
    assert page.locator("main table, main pre, main svg").evaluate_all(widths) == []


def test_awkward_text_is_only_text(visit, study):
    make_hostile(study)
    page = visit(report_on(study), viewport={"width": 390, "height": 900})
    expect(page.locator("#ablation-maxpool h3").first).to_contain_text("<script>alert(1)</script>")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
