"use strict";
// What the page can do beyond being read. Everything it adds works on data inside the page; nothing
// is fetched, and no style is written, as the page's policy demands.

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = ["#0173b2", "#d55e00", "#029e73", "#b44fa5", "#a87100", "#7a7a7a", "#4f7fd9", "#8f5a3c"];
const DASHES = ["", "7 4", "2 3", "9 3 2 3"];

/** Return a new element with attributes; texts and elements go inside. */
function make(name, attributes = {}, ...inside) {
  const drawn = ["svg", "g", "path", "line", "text", "circle"].includes(name);
  const element = drawn ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...inside);
  return element;
}

const read = (id) => JSON.parse(document.getElementById(id).textContent);

// --- tables: sorted by any column, filtered by any text ---------------------------------------

const UNITS = { s: 1, min: 60, h: 3600 };

/** Return a cell's number, in seconds where it is a time; NaN where it holds none. */
function numberIn(text) {
  const found = /^[+]?(-?[\d,]*\.?\d+(?:e[+-]?\d+)?)\s*(s|min|h)?\b/i.exec(text.trim().replaceAll("\u2212", "-"));
  return found ? Number(found[1].replaceAll(",", "")) * (UNITS[found[2]] || 1) : NaN;
}

/** Return the order of two cells; what is no number comes last, whichever way it is sorted. */
function order(a, b, numeric, sign) {
  if (!numeric) return sign * a.localeCompare(b, "en", { numeric: true });
  const [x, y] = [numberIn(a), numberIn(b)];
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
  return sign * (x - y);
}

/** Sort by a column: ascending, then descending, then as the table came, which is `first`. */
function sort(table, column, head, first) {
  const before = head.getAttribute("aria-sort");
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  if (before === "descending") {
    table.tBodies[0].append(...first);
    return;
  }
  const sign = before ? -1 : 1;
  const numeric = head.classList.contains("number");
  const rows = [...table.tBodies[0].rows].map((row) => [row.cells[column].textContent, row]);
  rows.sort((a, b) => order(a[0], b[0], numeric, sign));
  table.tBodies[0].append(...rows.map(([, row]) => row));
  head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
}

/** Return a text as it is searched: a true minus is typed as a hyphen. */
const plain = (text) => text.toLowerCase().replaceAll("\u2212", "-");

function addFilter(table) {
  const found = make("output");
  const about = table.caption ? table.caption.textContent.trim() : "";
  const field = make("input", { type: "search", "aria-label": `Filter ${about}`.trim(), oninput: () => {
    const wanted = plain(field.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = plain(row.textContent);
      row.hidden = !wanted.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    found.textContent = wanted.length ? `${shown} of ${table.tBodies[0].rows.length} rows` : "";
  } });
  table.parentElement.before(make("div", { class: "filter" }, make("label", {}, "Filter ", field), found));
}

function enrichTables() {
  for (const table of document.querySelectorAll("table.sortable")) {
    const rows = table.tBodies[0].rows.length;
    if (rows < 2) continue;
    const first = [...table.tBodies[0].rows];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      if ("mixed" in head.dataset) return;
      const name = head.textContent.trim();
      head.dataset.name = name;
      head.replaceChildren(make("button", { type: "button", onclick: () => sort(table, column, head, first) }, name));
    });
    if (rows > 9) addFilter(table);
  }
}

// --- the data behind figures: copied and downloaded -------------------------------------------

function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = make("a", { href: address, download: `${name}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied";
  } catch {
    said.textContent = "The browser refuses";
  }
  setTimeout(() => { said.textContent = ""; }, 3000);
}

function enrichFigures() {
  const data = read("json_data");
  for (const link of document.querySelectorAll("a[data-csv]")) {
    const name = link.dataset.csv;
    if (!(name in data)) continue;
    const button = make("button", {
      type: "button", "aria-label": `Copy data of figure ${name}`, onclick: () => copy(data[name], said),
    }, "Copy data");
    const said = make("output");
    link.after(" ", button, " ", said);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      download(name, data[name]);
    });
  }
}

// --- the explorer of learning curves ------------------------------------------------------------

// Text has one size on every screen, so a phone's chart is drawn smaller and not scaled down.
const SIZE = { width: Math.min(800, Math.max(340, innerWidth - 40)), height: 420, left: 62, right: 16, top: 14, bottom: 46 };

/** Return about `count` round numbers from low to high. */
function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough);
  const found = [];
  for (let i = Math.ceil(low / step); i * step <= high + step * 1e-9; i += 1) found.push(i * step);
  return found;
}

const short = (value) => {
  if (Math.abs(value) >= 1e6) return `${+(value / 1e6).toPrecision(4)}M`;
  if (Math.abs(value) >= 1e4) return `${+(value / 1e3).toPrecision(4)}k`;
  return String(+value.toPrecision(4)).replace("-", "\u2212");
};

/** Return the mean curve of several seeds, where all of them have a value. */
function meanOf(curves) {
  const values = curves.map((c) => new Map(c.x.map((x, i) => [x, c.y[i]])));
  const x = curves[0].x.filter((seen) => values.every((mine) => Number.isFinite(mine.get(seen))));
  const y = x.map((seen) => values.reduce((sum, mine) => sum + mine.get(seen), 0) / curves.length);
  return { ...curves[0], seed: `mean of ${curves.length}`, which: `mean of ${curves.length}`, x, y };
}

class Explorer {
  constructor(place, curves) {
    this.curves = curves;
    this.cursor = null;
    const choice = (label, options) => {
      const select = make("select", {}, ...options.map(([value, text]) => make("option", { value }, text)));
      return [make("label", {}, label, select), select];
    };
    const names = Object.entries(curves.ablations).filter(([, a]) => a.arms.length).map(([name, a]) => [name, a.title]);
    let labels;
    [labels, this.ablation] = choice("Ablation", names);
    const controls = make("div", { class: "controls" }, labels);
    [labels, this.other] = choice("and another", [["", "none"], ...names]);
    controls.append(labels);
    [labels, this.metric] = choice("Metric", Object.entries(curves.metrics));
    controls.append(labels);
    [labels, this.show] = choice("Seeds as", [["each", "a curve each"], ["mean", "their mean"]]);
    controls.append(labels, make("button", { type: "button", onclick: () => download(["curves", this.ablation.value, this.other.value].filter(Boolean).join("_"), this.csv()) }, "Download CSV"));
    this.arms = make("fieldset");
    this.seeds = make("fieldset");
    this.chart = make("svg", { id: "chart", viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: "img", tabindex: "0" });
    this.readout = make("p", { id: "readout", "aria-live": "polite" });
    place.append(controls, this.arms, this.seeds, this.chart, this.readout);
    for (const select of [this.ablation, this.other]) select.addEventListener("change", () => { this.choose(this.ablation.value, this.other.value); this.keep(); });
    for (const select of [this.metric, this.show]) select.addEventListener("change", () => { this.draw(); this.keep(); });
    this.chart.addEventListener("pointermove", (event) => this.point(event));
    this.chart.addEventListener("pointerleave", () => this.moveTo(null));
    this.chart.addEventListener("keydown", (event) => this.step(event));
    this.choose(names[0][0]);
  }

  /** Show one or two ablations, with all of their arms and seeds but for the runs in `off`. */
  choose(name, other = "", off = []) {
    this.ablation.value = name;
    this.other.value = other in this.curves.ablations && other !== name ? other : "";
    const shown = [name, this.other.value].filter(Boolean).map((each) => this.curves.ablations[each]);
    const several = shown.length > 1;
    const members = new Map();
    for (const { title, arms } of shown) for (const [arm, run] of arms) if (!members.has(run)) members.set(run, several ? `${title}: ${arm}` : arm);
    this.members = [...members].map(([run, arm]) => [arm, run]);
    const box = (value, checked, ...inside) => {
      const input = make("input", { type: "checkbox", value, checked, onchange: () => { this.draw(); this.keep(); } });
      return make("label", {}, input, ...inside);
    };
    this.arms.replaceChildren(make("legend", {}, "Arms"), ...this.members.map(([arm, run], i) => {
      const line = make("path", { d: "M0 4H32", "stroke-width": 2, stroke: this.colour(i), "stroke-dasharray": this.dash(i) });
      return box(run, !off.includes(run), make("svg", { viewBox: "0 0 32 8", "aria-hidden": "true" }, line), arm);
    }));
    const there = new Set([...members.keys()].flatMap((run) => Object.keys(this.curves.runs[run])));
    const most = Math.max(...shown.map((it) => it.seeds));
    const numbers = Array.from({ length: most }, (_, i) => String(i)).filter((seed) => there.has(seed));
    this.seeds.replaceChildren(make("legend", {}, "Seeds"), ...numbers.map((seed) => box(seed, !off.includes(`seed${seed}`), seed)));
    this.draw();
  }

  /** Write the choice into the address, without a step in the browser's history. */
  keep() {
    const off = [
      ...[...this.arms.querySelectorAll("input:not(:checked)")].map((input) => input.value),
      ...[...this.seeds.querySelectorAll("input:not(:checked)")].map((input) => `seed${input.value}`),
    ];
    const said = new URLSearchParams({ explore: this.ablation.value });
    for (const [key, value] of [["with", this.other.value], ["metric", this.metric.value], ["seeds", this.show.value], ["off", off.join(",")]]) if (value) said.set(key, value);
    history.replaceState(null, "", `#${said}`);
  }

  /** Show what an address says, which `keep` wrote. */
  restore(said) {
    const set = (select, value) => { if ([...select.options].some((option) => option.value === value)) select.value = value; };
    set(this.metric, said.get("metric"));
    set(this.show, said.get("seeds"));
    this.choose(said.get("explore"), said.get("with") ?? "", (said.get("off") ?? "").split(","));
  }

  colour(i) { return COLOURS[i % COLOURS.length]; }

  // Another one each time that the colours repeat.
  dash(i) { return DASHES[(i + Math.floor(i / COLOURS.length)) % DASHES.length]; }

  /** Return the curves that are asked for: arm, run, seed, number of the arm, x and y. */
  chosen() {
    const on = (set) => [...set.querySelectorAll("input:checked")].map((input) => input.value);
    const [runs, seeds, metric] = [on(this.arms), on(this.seeds), this.metric.value];
    const found = [];
    this.members.forEach(([arm, run], i) => {
      if (!runs.includes(run)) return;
      const mine = seeds.filter((seed) => seed in this.curves.runs[run]).map((seed) => {
        const record = this.curves.runs[run][seed];
        return { arm, run, seed, which: `seed ${seed}`, i, x: record.images_seen, y: record[metric] };
      });
      if (!mine.length) return;
      const curves = this.show.value === "mean" ? [meanOf(mine)] : mine;
      found.push(...curves.filter((curve) => curve.y.some((value) => value !== null)));
    });
    return found;
  }

  draw() {
    this.shown = this.chosen();
    this.cursor = null;
    const ys = this.shown.flatMap((c) => c.y).filter((v) => v !== null);
    const xs = this.shown.flatMap((c) => c.x);
    this.chart.replaceChildren();
    if (!ys.length) {
      const asked = [this.arms, this.seeds].every((set) => set.querySelector("input:checked"));
      const said = asked ? "These runs have no such values." : "No curve is chosen.";
      this.chart.setAttribute("aria-label", said);
      this.chart.append(make("text", { x: SIZE.width / 2, y: SIZE.height / 2, "text-anchor": "middle" }, said));
      this.readout.textContent = "";
      this.mark = null;
      return;
    }
    const low = ys.reduce((a, b) => Math.min(a, b)), high = ys.reduce((a, b) => Math.max(a, b));
    const room = (high - low) * 0.05 || Math.abs(high) * 0.05 || 1;
    this.x = this.scale(0, xs.reduce((a, b) => Math.max(a, b)), SIZE.left, SIZE.width - SIZE.right);
    this.y = this.scale(low - room, high + room, SIZE.height - SIZE.bottom, SIZE.top);
    this.axes();
    this.paths = this.shown.map((curve) => this.path(curve));
    this.mark = make("g");
    this.chart.append(...this.paths, this.mark);
    const ends = this.shown.map((c) => `${c.arm} ${short(c.y.findLast((v) => v !== null) ?? NaN)}`);
    this.chart.setAttribute("aria-label", `${this.curves.metrics[this.metric.value]} by training images seen; at the end: ${ends.slice(0, 12).join(", ")}. Arrow keys read values.`);
    this.readout.textContent = `${this.shown.length} ${this.shown.length === 1 ? "curve" : "curves"}. Point at the chart, or focus it and use the arrow keys, to read values.`;
  }

  scale(low, high, from, to) {
    const f = (value) => from + ((value - low) / (high - low || 1)) * (to - from);
    return Object.assign(f, { low, high });
  }

  axes() {
    const bottom = SIZE.height - SIZE.bottom;
    for (const tick of ticks(this.y.low, this.y.high, 6)) {
      this.chart.append(
        make("line", { class: "rule", x1: SIZE.left, x2: SIZE.width - SIZE.right, y1: this.y(tick), y2: this.y(tick) }),
        make("text", { x: SIZE.left - 8, y: this.y(tick) + 4, "text-anchor": "end" }, short(tick)),
      );
    }
    for (const tick of ticks(0, this.x.high, SIZE.width / 130)) {
      this.chart.append(make("text", { x: this.x(tick), y: bottom + 18, "text-anchor": "middle" }, short(tick)));
    }
    this.chart.append(
      make("line", { class: "axis", x1: SIZE.left, x2: SIZE.width - SIZE.right, y1: bottom, y2: bottom }),
      make("text", { x: (SIZE.left + SIZE.width) / 2, y: SIZE.height - 8, "text-anchor": "middle" }, "training images seen"),
      make("text", { transform: `translate(14 ${bottom / 2}) rotate(-90)`, "text-anchor": "middle" }, this.curves.metrics[this.metric.value]),
    );
  }

  path(curve) {
    const colour = this.colour(curve.i), drawn = make("g");
    const there = (k) => Number.isFinite(curve.y[k] ?? NaN);
    let d = "";
    curve.y.forEach((value, k) => {
      if (!there(k)) return;
      const [x, y] = [this.x(curve.x[k]).toFixed(1), this.y(value).toFixed(1)];
      d += `${there(k - 1) ? "L" : "M"}${x} ${y}`;
      // A value alone has no line.
      if (!there(k - 1) && !there(k + 1)) drawn.append(make("circle", { cx: x, cy: y, r: 4, stroke: colour, fill: colour }));
    });
    drawn.append(make("path", { class: "curve", d, stroke: colour, "stroke-dasharray": this.dash(curve.i) }));
    return drawn;
  }

  /** Read all curves where the point nearest to the pointer is. */
  point(event) {
    if (!this.shown.length || !this.mark) return;
    const box = this.chart.getBoundingClientRect();
    const px = ((event.clientX - box.left) / box.width) * SIZE.width;
    const xs = this.shown.flatMap((curve) => curve.x);
    const seen = xs.reduce((best, x) => (Math.abs(this.x(x) - px) < Math.abs(this.x(best) - px) ? x : best), xs[0]);
    this.moveTo(null);
    this.line(seen);
    const found = this.shown.map((curve) => [curve, curve.y[curve.x.indexOf(seen)]]).filter(([, value]) => Number.isFinite(value));
    for (const [curve, value] of found) this.mark.append(make("circle", { cx: this.x(seen), cy: this.y(value), r: 4, fill: this.colour(curve.i) }));
    found.sort((a, b) => b[1] - a[1]);
    const said = found.slice(0, 12).map(([curve, value]) => `${curve.arm}, ${curve.which}: ${short(value)}`);
    const more = found.length > 12 ? `; and ${found.length - 12} more` : "";
    this.readout.textContent = `${seen.toLocaleString("en")} images seen: ${this.curves.metrics[this.metric.value]} of ${said.join("; ")}${more}`;
  }

  line(seen) {
    const at = this.x(seen);
    this.mark.append(make("line", { class: "cursor", x1: at, x2: at, y1: SIZE.top, y2: SIZE.height - SIZE.bottom }));
  }

  /** Left and right go along a curve, up and down from curve to curve. */
  step(event) {
    const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    if (!(event.key in moves) || !this.mark || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (!this.cursor) { this.moveTo({ number: 0, k: 0 }); return; }
    const [next, along] = moves[event.key];
    const number = (this.cursor.number + next + this.shown.length) % this.shown.length;
    const last = this.shown[number].y.length - 1;
    this.moveTo({ number, k: Math.max(0, Math.min(last, this.cursor.k + along)) });
  }

  moveTo(cursor) {
    if (!this.mark) return;
    this.cursor = cursor;
    this.mark.replaceChildren();
    this.paths.forEach((path, i) => path.classList.toggle("quiet", cursor !== null && i !== cursor.number));
    if (!cursor) return;
    const curve = this.shown[cursor.number], value = curve.y[cursor.k], seen = curve.x[cursor.k];
    const at = this.x(seen);
    this.line(seen);
    if (value !== null) this.mark.append(make("circle", { cx: at, cy: this.y(value), r: 4, fill: this.colour(curve.i) }));
    const said = value === null ? "not known" : short(value);
    this.readout.textContent = `${curve.arm}, ${curve.which}, ${seen.toLocaleString("en")} images seen: ${this.curves.metrics[this.metric.value]} ${said}`;
  }

  /** Return what is shown as CSV. */
  csv() {
    // What a spreadsheet would run as a formula gets an apostrophe before it.
    const harmless = (value) => (/^[=+\-@\t\r]/.test(value) ? `'${value}` : value);
    const quoted = (value) => (/[",\n]/.test(value) ? `"${harmless(value).replaceAll('"', '""')}"` : harmless(value));
    const rows = this.shown.flatMap((c) => c.y.map((value, k) => [quoted(c.arm), c.run, c.seed, c.x[k], value ?? ""].join(",")));
    return [`arm,run,seed,images_seen,${this.metric.value}`, ...rows, ""].join("\n");
  }
}

function addExplorer() {
  const curves = read("json_curves");
  if (!Object.values(curves.ablations).some((a) => a.arms.length)) return null;
  const place = document.getElementById("explorer");
  if (!place) return null;
  document.getElementById("explorer-static").remove();
  const explorer = new Explorer(place, curves);
  for (const section of document.querySelectorAll("[data-ablation]")) {
    const name = section.dataset.ablation;
    if (!curves.ablations[name]?.arms.length) continue;
    section.querySelector("figcaption .files")?.append(" ", make("a", {
      href: `#explore=${name}`, "aria-label": `Explore the curves of ${name}`, onclick: (event) => {
        // The same address again would be no event.
        event.preventDefault();
        history.pushState(null, "", `#explore=${name}`);
        follow(explorer);
        explorer.keep();
      },
    }, "Explore"));
  }
  return explorer;
}

// --- deep links, and the contents that follow the reader ----------------------------------------

/** Return the text that an address encodes, or the address itself if it is none. */
function decoded(address) {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

/** Go where the address says: what is folded away is opened, #explore=<ablation>&... is shown. */
function follow(explorer) {
  const target = decoded(location.hash.slice(1));
  const said = new URLSearchParams(location.hash.slice(1));
  if (explorer && said.get("explore") in explorer.curves.ablations) {
    explorer.restore(said);
    document.getElementById("explorer").scrollIntoView();
    explorer.ablation.focus({ preventScroll: true });
    return;
  }
  const element = target && document.getElementById(target);
  if (!element) return;
  for (let at = element; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  // A link to a claim is one to its evidence.
  if (element.matches(".claim")) element.querySelector(":scope > details").open = true;
  // A row that a filter hides is shown.
  if (element.closest("tr[hidden]")) {
    const field = element.closest("table").parentElement.previousElementSibling.querySelector("input");
    field.value = "";
    field.dispatchEvent(new Event("input"));
  }
  element.scrollIntoView();
}

function followReader() {
  const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
  const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  const inView = new Set();
  let current = null;
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) inView[entry.isIntersecting ? "add" : "delete"](entry.target);
    const last = sections.filter((section) => inView.has(section)).pop();
    if (!last || last === current) return;
    links.get(current?.id)?.removeAttribute("aria-current");
    links.get(last.id).setAttribute("aria-current", "location");
    current = last;
    for (const item of document.querySelectorAll("nav li")) item.classList.toggle("here", item.contains(links.get(last.id)));
    // Only the contents move, never the page.
    const [nav, link] = [document.querySelector("nav"), links.get(last.id)];
    nav.scrollTop = link.offsetTop - nav.offsetTop - nav.clientHeight / 2;
  }, { rootMargin: "0px 0px -75% 0px" });
  sections.forEach((section) => observer.observe(section));
}

/** The contents stand beside the text where there is room, and are folded away elsewhere. */
function foldContents() {
  const wide = matchMedia("(min-width: 70rem)");
  const contents = document.querySelector("nav details");
  const fold = () => { contents.open = wide.matches; };
  wide.addEventListener("change", fold);
  fold();
}

enrichTables();
enrichFigures();
foldContents();
const explorer = addExplorer();
followReader();
addEventListener("hashchange", () => follow(explorer));
follow(explorer);
