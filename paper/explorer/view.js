"use strict";
/* What does the reader see after a move? The answer at once; proofs and drawings a moment later. */

const WITHIN = 0.05;
const PAGE = 20;
const PATIENCE = 350;
const DRAWS = (rows) => (rows > 2000 ? 60 : 300);

function begin() {
  const program = JSON.parse(document.getElementById("data").textContent);
  const engine = makeEngine(program);
  const before = new Set(whoIsNamed(engine, standard(program)));
  const state = {
    program, engine, before, settings: fromHash(program, location.hash), texts: [],
    top: topOf(engine), page: 0, school: null, verdict: null, within: WITHIN, waiting: 0,
  };
  state.move = (at, value) => {
    state.settings[at] = value;
    refresh(state);
  };
  state.replace = (settings) => {
    state.settings = settings;
    rebuild(state);
  };
  tellHead(state);
  wire(state);
  lookAt(state, location.hash);
  rebuild(state);
  return state;
}

/* The step whose weights are those of the index. */
function topOf(engine) {
  const found = weighed(engine);
  if (found.node) return found.node.name;
  const mean = [...engine.nodes].reverse().find((node) => node.rule === "mean");
  return mean ? mean.name : "";
}

function rebuild(state) {
  state.texts = [];
  const controls = document.getElementById("controls");
  inPlace(controls, () => {
    controls.replaceChildren(controls.firstElementChild);
    buildControls(state);
  });
  refresh(state);
}

function refresh(state) {
  const wrong = wrongCuts(state.program, state.settings);
  const place = document.getElementById("wrong");
  if (place) {
    const names = [...new Set(wrong)].map((name) => name.replaceAll("_", " ")).join(", ");
    place.textContent = wrong.length ? `Cut points must lie in order: ${names}. The answer stays as it was until they do.` : "";
  }
  if (wrong.length) return;
  const on = whoIsNamed(state.engine, state.settings);
  state.on = new Set(on);
  state.entered = new Set(on.filter((row) => !state.before.has(row)));
  state.left = new Set([...state.before].filter((row) => !state.on.has(row)));
  state.verdict = null;
  state.texts.forEach((tell) => tell());
  tellAnswer(state);
  tellList(state);
  clearTimeout(state.waiting);
  state.waiting = setTimeout(() => later(state), PATIENCE);
}

function later(state) {
  document.getElementById("live").textContent = `${document.getElementById("sentence").textContent} ${whoMoves(state)}`;
  remember(state);
  state.verdict = judged(state.engine, state.settings, state.within, DRAWS(state.engine.rows));
  tellSure(state);
  tellList(state);
  tellStudents(state);
  tellPlot(state);
  if (state.school !== null) tellSchool(state);
}

function tellHead(state) {
  const { program } = state;
  put("design", program.design);
  put("panel", `${program.panel}, ${program.year}. The list \u201c${program.listLabel}\u201d.`);
  put("notice", program.notice);
  const rests = program.rests;
  const pairs = [
    ["Design", `${program.base}. ${program.cite}`],
    ["Data", `${program.panel}. ${program.origin}`],
    ["Checked", rests.verified],
    ["Made by", make("code", {}, `measures explore ${program.words} --list ${program.listName} --year ${program.year} --out page.html`)],
    ["Codes", `design ${rests.design_fingerprint}, data ${rests.panel_fingerprint}, program ${rests.code_fingerprint}`],
  ];
  put(
    "rests",
    make("dl", {}, pairs.flatMap(([word, said]) => [make("dt", {}, word), make("dd", {}, said)])),
    make("p", {}, "The page computes with the rules of the design and names the schools that ", make("code", {}, "measures rate"), " names. It asks nothing of any host: what you move stays in this window."),
    make("p", {}, "To use a choice: download it, then type ", make("code", {}, `measures rate ${program.words} --with FILE --out FOLDER`), "."),
  );
}

function tellAnswer(state) {
  const judgedOnes = [...state.engine.whole].filter((whole, row) => whole === row).length;
  const moved = state.entered.size || state.left.size
    ? `; ${written(state.entered.size, 0)} ${state.entered.size === 1 ? "enters" : "enter"}, ${written(state.left.size, 0)} ${state.left.size === 1 ? "leaves" : "leave"}.`
    : ", the same as by the design as it is.";
  const verb = state.on.size === 1 ? "school is" : "schools are";
  put("sentence", `${written(state.on.size, 0)} of ${written(judgedOnes, 0)} ${state.on.size === 1 && judgedOnes !== 1 ? "schools is" : verb} named${moved}`);
  const { open } = lists(state.engine);
  const { chain } = state.program;
  const line = chain && chain.line !== null ? valuesOf(state.engine, chain.line)[0] : NaN;
  const single = chain && chain.line !== null && !state.engine.nodes[chain.line].within;
  put("more", [
    whoMoves(state),
    single && Number.isFinite(line) ? `The line lies at an index of ${written(line, 2)}. ` : "",
    open.length ? `${many(open.length, "school", "schools")} cannot be judged.` : "",
  ].join(""));
}

/* Who enters and who leaves, by name where they are few. */
function whoMoves(state) {
  const told = (word, rows) => {
    const names = [...rows].slice(0, 3).map((row) => nameOf(state, row));
    const more = rows.size > 3 ? ` and ${written(rows.size - 3, 0)} more` : "";
    return rows.size ? `${word}: ${names.join(", ")}${more}. ` : "";
  };
  return `${told("Entering", state.entered)}${told("Leaving", state.left)}`;
}

function nameOf(state, row) {
  const { name, school } = state.program.schools;
  return name[row] || school[row];
}

function matching(state) {
  const [search, district, level, show] = ["search", "district", "level", "show"].map((id) => document.getElementById(id).value);
  const { schools } = state.program;
  const word = search.trim().toLowerCase();
  const within = (row) => state.engine.whole[row] === row
    && (show === "all" || state.entered.has(row) || state.left.has(row) || (show === "list" && state.on.has(row)))
    && (district === "" || schools.district[row] === district)
    && (level === "" || schools.level[row] === level)
    && (word === "" || `${schools.name[row]} ${schools.school[row]}`.toLowerCase().includes(word));
  const index = state.program.chain ? valuesOf(state.engine, state.program.chain.index) : new Float64Array(state.engine.rows);
  const sort = document.getElementById("sort").value;
  const sign = sort === "high" ? -1 : 1;
  const known = (row) => (Number.isNaN(index[row]) ? Infinity : sign * index[row]);
  const first = sort === "name" ? (a, b) => nameOf(state, a).localeCompare(nameOf(state, b), "en") : () => 0;
  return [...state.engine.whole.keys()].filter(within)
    .sort((a, b) => first(a, b) || known(a) - known(b) || a - b);
}

function markOf(state, row) {
  if (state.entered.has(row)) return ["enters", "+ enters"];
  if (state.left.has(row)) return ["leaves", "\u2212 leaves"];
  return ["", state.on.has(row) ? "stays" : "not named"];
}

function tellList(state) {
  const rows = matching(state);
  const pages = Math.max(1, Math.ceil(rows.length / PAGE));
  state.page = Math.min(state.page, pages - 1);
  const heads = [
    { label: "School", text: true }, { label: "District", text: true }, { label: "Level", text: true },
    { label: "Index" }, { label: "Against today's design", text: true }, { label: "If weights move", text: true },
  ];
  const { schools, chain } = state.program;
  const body = rows.slice(state.page * PAGE, (state.page + 1) * PAGE).map((row) => {
    const open = make("button", { type: "button", class: "link", "data-key": row }, make("bdi", {}, nameOf(state, row)));
    open.addEventListener("click", () => openSchool(state, row));
    const [mark, word] = markOf(state, row);
    const verdict = state.verdict && state.verdict.verdict ? state.verdict.verdict[row] : "";
    const index = chain ? valuesOf(state.engine, chain.index)[row] : NaN;
    return { mark, cells: [open, make("bdi", {}, schools.district[row]), schools.level[row], written(index, 2), word, verdict || "\u2013"] };
  });
  const sorted = document.getElementById("sort").selectedOptions[0].textContent;
  put("list", tableOf(`Schools, ${sorted}`, heads, body), rows.length ? "" : make("p", {}, "No school fits."));
  tellPages(state, pages, rows.length);
}

function tellPages(state, pages, size) {
  const step = (label, by, off) => {
    const button = make("button", { type: "button", disabled: off, "data-key": label }, label);
    button.addEventListener("click", () => {
      state.page += by;
      tellList(state);
    });
    return button;
  };
  const told = make("span", {}, `${many(size, "school", "schools")}, page ${state.page + 1} of ${pages}`);
  if (pages === 1) put("pages", told);
  else put("pages", step("Back", -1, state.page === 0), told, step("Next", 1, state.page === pages - 1));
}

function tellSure(state) {
  const { verdict } = state;
  if (verdict.why) {
    put("sure", make("p", {}, `No verdict on weights: ${verdict.why}.`));
    return;
  }
  const counts = counted(verdict.verdict);
  const points = written(100 * state.within, 0);
  const words = {
    certain: "certain: named whatever the weights within that reach (proved)",
    possible: "possible: named under some of them and not under others (shown)",
    never: "never: named under none of them (proved)",
    undecided: "undecided: no weights tried changed it, and no proof was found",
    "cannot be judged": "cannot be judged: too little is measured",
  };
  const old = document.getElementById("within");
  const box = old || make("input", { type: "range", id: "within", min: 0, max: 20, step: 1 });
  box.value = points;
  if (!old) {
    box.addEventListener("input", () => {
      state.within = Number(box.value) / 100;
      document.getElementById("within-told").textContent = `${box.value} percentage points`;
      clearTimeout(state.waiting);
      state.waiting = setTimeout(() => later(state), PATIENCE);
    });
    put("sure", make("div", { class: "control" }, make("label", { for: "within" }, "Each weight of the index may move up or down by"), box, make("span", { id: "within-told" })), make("div", { id: "sure-list" }));
  }
  box.setAttribute("aria-valuetext", `${points} percentage points`);
  document.getElementById("within-told").textContent = `${points} points`;
  put(
    "sure-list",
    make("ul", { class: "sure" }, [...counts].map(([word, k]) => make("li", {}, make("strong", {}, written(k, 0)), ` ${words[word]}`))),
    make("p", { class: "note" }, `Proofs compare schools pair by pair at ${many(verdict.corners, "corner", "corners")} of these weights; ${many(verdict.draws, "set", "sets")} of weights were tried. Only the weights of the index move here; chance in the values is not in it.`),
  );
}

function tellStudents(state) {
  const { students, groups, groupLabels } = state.program;
  const sum = (all, inside) => all.reduce((total, n, row) => total + (inside(row) ? n : 0), 0);
  const rows = groups.filter((g) => students[g] && students[g].length).map((g) => {
    const all = students[g];
    const [on, start, every] = [
      sum(all, (row) => state.on.has(row)), sum(all, (row) => state.before.has(row)),
      sum(all, (row) => state.engine.whole[row] === row),
    ];
    return { cells: [groupLabels[groups.indexOf(g)], written(on, 0), every ? `${written((100 * on) / every)} %` : "\u2013", written(start, 0)] };
  });
  put("students", tableOf("Students in schools that are named, by group", [
    { label: "Group", text: true }, { label: "Now" }, { label: "Share of the group" }, { label: "By the design as it is" },
  ], rows));
}

function plotted(state, word) {
  if (word === "index") return { label: "index", values: valuesOf(state.engine, state.program.chain.index) };
  const measure = state.program.measures[Number(word)];
  return { label: `${measure.label}${measure.unit ? `, ${measure.unit}` : ""}`, values: valuesOf(state.engine, measure.node) };
}

function tellPlot(state) {
  const [x, y] = ["across", "upwards"].map((id) => plotted(state, document.getElementById(id).value));
  const points = [...state.engine.whole.keys()]
    .filter((row) => state.engine.whole[row] === row && !Number.isNaN(x.values[row]) && !Number.isNaN(y.values[row]))
    .map((row) => ({ x: x.values[row], y: y.values[row], named: state.on.has(row) }));
  const named = points.filter((p) => p.named).length;
  const r = points.length > 2 ? correlation(points) : NaN;
  const told = `${many(points.length, "school has", "schools have")} both, ${written(named, 0)} of them named (filled diamonds). The correlation is ${written(r, 2)}.`;
  put("plot", points.length ? scatter(points, [x.label, y.label], `${x.label} against ${y.label}. ${told}`, document.getElementById("plot").clientWidth) : make("p", {}, "No school has both."));
  put("plot-told", told);
}
