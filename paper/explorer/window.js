"use strict";
/* What do buttons, filters and a school's own panel do? */

const VIEW = ["search", "district", "level", "show", "sort", "across", "upwards"];

/* What the reader looks at, where it is not what the page opens with. */
function viewOf(state) {
  const said = VIEW.map((id) => [id, document.getElementById(id).value]);
  const moved = said.filter(([id, value]) => value !== state.usual[id]);
  if (state.within !== WITHIN) moved.push(["within", state.within]);
  return state.school === null ? moved : [...moved, ["school", state.program.schools.school[state.school]]];
}

function remember(state) {
  const hash = toHash(state.program, state.settings, viewOf(state));
  history.replaceState(null, "", hash || location.pathname + location.search);
}

/* Look at what a link says; words that the page does not have are passed over. */
function lookAt(state, hash) {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  VIEW.forEach((id) => {
    const place = document.getElementById(id);
    place.value = said.has(id) ? said.get(id) : state.usual[id];
    if (place.selectedIndex === -1) place.value = state.usual[id];
  });
  const within = Number(said.get("within"));
  state.within = said.has("within") && within >= 0 && within <= 0.2 ? within : WITHIN;
  const found = state.program.schools.school
    .findIndex((code, row) => code === said.get("school") && state.engine.whole[row] === row);
  state.school = found < 0 ? null : found;
  document.getElementById("school").hidden = found < 0;
  if (found < 0) put("school");
}

function openSchool(state, row) {
  state.school = row;
  tellSchool(state);
  remember(state);
  const place = document.getElementById("school");
  place.focus();
  place.scrollIntoView({ block: "start" });
}

function valueOf(cell, measure) {
  return Number.isNaN(cell.value) ? "\u2013" : written(cell.value, measure.unit.startsWith("percent") ? 1 : 2);
}

function whyNot(cell) {
  if (Number.isNaN(cell.value)) return "no value";
  if (!cell.on) return "no, group switched off";
  return cell.counts ? "yes" : "no, too few students";
}

function traceRows(state, one) {
  const { groupLabels, schools } = state.program;
  const part = schools.part[one.row] ? ` (${schools.part[one.row]})` : "";
  return one.cells
    .filter((cell) => cell.shown && (cell.group === 0 || !Number.isNaN(cell.value) || !Number.isNaN(cell.level)))
    .map((cell) => ({
      cells: [
        cell.group === 0 ? make("strong", {}, `${one.measure.label}${part}`) : groupLabels[cell.group],
        valueOf(cell, one.measure), written(cell.n, 0), whyNot(cell), written(cell.level, 2),
        cell.group === 0 ? written(one.points, 2) : "", cell.group === 0 ? `${written(100 * one.share)} %` : "",
      ],
    }));
}

function placed(state, row) {
  const place = placeOf(state.engine, row);
  const [mark, word] = markOf(state, row);
  const first = state.on.has(row) ? "It is named" : "It is not named";
  const more = mark ? ` (it ${word.slice(2)})` : "";
  if (!place || Number.isNaN(place.index)) return `${first}${more}. It has no index under these settings.`;
  const gap = place.index - place.line;
  const line = Number.isFinite(place.line) ? `; the line is ${written(place.line, 2)}, ${written(Math.abs(gap), 2)} ${gap > 0 ? "below" : "above"} it` : "";
  const even = gap === 0 ? `; it lies on the line, ${written(place.line, 2)}` : line;
  return `${first}${more}. Its index is ${written(place.index, 2)}${even}.`;
}

function changeTexts(state, row) {
  const found = changesOf(state.engine, state.settings, row);
  if (found === null) return [make("p", {}, "The smallest change is not worked out here: the school has several parts, or the list does not hold one index against one line.")];
  const way = state.on.has(row) ? "take it off the list" : "put it on the list";
  const could = found.filter((one) => one.to !== null);
  const items = could.map((one) => make("li", {}, `${one.measure.label}: ${written(one.to, 1)} instead of ${written(one.now, 1)}`));
  if (!items.length) return [make("p", {}, `No change of one measure of all students alone would ${way}.`)];
  return [
    make("p", {}, `One measure of all students alone would ${way}, groups and other schools unchanged:`),
    make("ul", {}, items),
  ];
}

function tellSchool(state) {
  const row = state.school;
  const { schools } = state.program;
  const place = document.getElementById("school");
  const close = make("button", { type: "button", "data-key": "close" }, "Close");
  close.addEventListener("click", () => closeSchool(state));
  const heads = [
    { label: "Measure and group", text: true }, { label: "Value" }, { label: "Students" },
    { label: "Counts", text: true }, { label: "Level" }, { label: "Points" }, { label: "Weight applied" },
  ];
  const told = [schools.school[row], schools.district[row], schools.level[row]].filter((word) => word).join(", ");
  const rows = traceOf(state.engine, state.settings, row).flatMap((one) => traceRows(state, one));
  place.hidden = false;
  put(
    "school",
    make("h2", { id: "school-title" }, make("bdi", {}, nameOf(state, row))),
    make("p", {}, make("bdi", {}, told)),
    make("p", {}, make("strong", {}, placed(state, row))),
    make("div", { class: "table-block", role: "region", "aria-label": "How the index comes about", tabindex: "0" }, tableOf("How the index comes about", heads, rows)),
    ...changeTexts(state, row),
    close,
  );
}

function closeSchool(state) {
  const list = document.getElementById("list");
  const from = list.querySelector(`[data-key="${state.school}"]`) || list;
  state.school = null;
  document.getElementById("school").hidden = true;
  remember(state);
  from.focus();
}

function save(name, text, kind) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: kind })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function tell(text) {
  document.getElementById("told").textContent = text;
}

function copyLink(state) {
  const link = `${location.href.split("#")[0]}${toHash(state.program, state.settings, viewOf(state))}`;
  const failed = () => tell(`The browser does not let the page copy. The link is: ${link}`);
  if (!navigator.clipboard) failed();
  else navigator.clipboard.writeText(link).then(() => tell("The link is copied. Whoever has this file opens the same choice with it."), failed);
}

function fill(id, words, first) {
  const known = [...new Set(words.filter((word) => word))].sort();
  put(id, make("option", { value: "" }, first), known.map((word) => make("option", { value: word }, word)));
}

function fillPlot(state) {
  const names = state.program.measures.map((m, j) => [String(j), m.label]);
  const words = state.program.chain ? [["index", "index"], ...names] : names;
  ["across", "upwards"].forEach((id, j) => {
    put(id, words.map(([value, text]) => make("option", { value }, text)));
    document.getElementById(id).value = words[Math.min(j === 0 ? 1 : 0, words.length - 1)][0];
    document.getElementById(id).addEventListener("change", () => {
      tellPlot(state);
      remember(state);
    });
  });
}

function wire(state) {
  const on = (id, event, act) => document.getElementById(id).addEventListener(event, act);
  const { schools } = state.program;
  fill("district", schools.district, "all districts");
  fill("level", schools.level, "all levels");
  fillPlot(state);
  state.usual = Object.fromEntries(VIEW.map((id) => [id, document.getElementById(id).value]));
  ["search", "district", "level", "show", "sort"].forEach((id) => on(id, "input", () => {
    state.page = 0;
    tellList(state);
    remember(state);
  }));
  on("school", "keydown", (pressed) => pressed.key === "Escape" && closeSchool(state));
  on("reset", "click", () => {
    state.replace(standard(state.program));
    tell("The design is as it was.");
  });
  on("copy", "click", () => copyLink(state));
  on("save-list", "click", () => {
    const verdict = state.verdict && state.verdict.verdict;
    const rows = listRows(state.engine, state.entered, state.left, verdict);
    save("list.csv", csvOf(rows), "text/csv");
    tell("The list was saved as list.csv.");
  });
  on("save-choice", "click", () => {
    save("choice.yaml", adaptationOf(state.program, state.settings), "application/yaml");
    tell("The choice was saved as choice.yaml.");
  });
  window.addEventListener("hashchange", () => {
    if (location.hash && !location.hash.includes("=")) return; // a place on the page, no choice
    lookAt(state, location.hash);
    state.replace(fromHash(state.program, location.hash));
  });
}

const state = begin();
