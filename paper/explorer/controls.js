"use strict";
/* What does a reader move? One control for each setting; a slider always has its number beside it. */

const SPACING_WORDS = {
  equal_count: "as many schools in each level",
  equal_width: "levels of equal width",
};

function rangeOf(setting) {
  const { kind, value } = setting;
  if (kind === "share") return { min: 0.5, max: Math.max(50, Math.ceil(value * 100)), step: 0.5, times: 100 };
  if (kind === "all") return { min: 0, max: 100, step: 5, times: 100 };
  if (kind === "n") return { min: 1, max: Math.max(100, value * 2), step: 1, times: 1 };
  return { min: 0, max: Math.max(2 * value, 10), step: value < 5 ? 0.1 : 1, times: 1 };
}

function shownAs(setting, value) {
  return String(Number((value * rangeOf(setting).times).toFixed(4)));
}

/* What a control is called where it is read alone: with its section, if others are called alike. */
function calledAlone(setting, state) {
  const alike = state.program.settings.filter((one) => one.label === setting.label);
  return alike.length > 1 ? `${setting.label}, ${setting.section}` : setting.label;
}

/* A slider and a number box that say the same. */
function sliding(setting, state, plainly) {
  const { min, max, step, times } = rangeOf(setting);
  const id = `s${setting.at}`;
  const value = shownAs(setting, state.settings[setting.at]);
  const slider = make("input", { type: "range", id: `${id}r`, min, max, step, "aria-label": `${calledAlone(setting, state)}, slider` });
  const box = make("input", { type: "number", id, min: 0, step: "any", inputmode: "decimal", "aria-label": calledAlone(setting, state) });
  slider.value = value;
  box.value = value;
  const said = (from, other) => () => {
    const moved = allowed(setting, from.value === "" ? "" : Number((Number(from.value) / times).toFixed(9)));
    box.setAttribute("aria-invalid", String(moved === undefined));
    if (moved === undefined) return;
    other.value = from.value;
    state.move(setting.at, moved);
  };
  slider.addEventListener("input", said(slider, box));
  box.addEventListener("input", said(box, slider));
  const text = make("p", { class: "plainly", id: `${id}p` });
  state.texts.push(() => {
    text.textContent = plainly ? plainly() : "";
    if (text.textContent) slider.setAttribute("aria-valuetext", text.textContent);
  });
  return make("div", { class: "control" }, make("label", { for: id }, setting.label), slider, box, text);
}

function boxed(setting, state) {
  const id = `s${setting.at}`;
  const box = make("input", { type: "number", id, step: "any", inputmode: "decimal", "aria-label": calledAlone(setting, state) });
  box.value = shownAs(setting, state.settings[setting.at]);
  box.addEventListener("input", () => {
    const moved = allowed(setting, box.value);
    box.setAttribute("aria-invalid", String(moved === undefined));
    if (moved !== undefined) state.move(setting.at, moved);
  });
  return make("div", { class: "control short" }, make("label", { for: id }, setting.label), box);
}

function ticked(setting, state) {
  const id = `s${setting.at}`;
  const box = make("input", { type: "checkbox", id });
  box.checked = state.settings[setting.at] === true;
  box.addEventListener("change", () => state.move(setting.at, box.checked));
  return make("div", { class: "check" }, box, make("label", { for: id }, setting.label));
}

function chosen(setting, state) {
  const id = `s${setting.at}`;
  const box = make("select", { id }, Object.entries(SPACING_WORDS).map(([word, text]) => make("option", { value: word }, text)));
  box.value = state.settings[setting.at];
  box.addEventListener("change", () => state.move(setting.at, box.value));
  return make("div", {}, make("label", { for: id }, setting.label), box);
}

function group(title, ...inside) {
  return make("fieldset", {}, make("legend", {}, title), ...inside);
}

function folded(title, ...inside) {
  return make("details", {}, make("summary", {}, title), ...inside);
}

/* Settings that stand together, in the order in which they come. */
function sections(settings) {
  const found = new Map();
  settings.forEach((one) => found.set(one.section, [...(found.get(one.section) || []), one]));
  return [...found];
}

function carries(state, settings, one) {
  return () => {
    const total = settings.reduce((sum, other) => sum + state.settings[other.at], 0);
    return total > 0 ? `carries ${written((100 * state.settings[one.at]) / total)} %` : "nobody is rated: all weights are 0";
  };
}

function weightControls(state) {
  const weights = state.program.settings.filter((s) => s.kind === "weight");
  const top = state.top;
  const own = weights.filter((s) => s.paths[0].startsWith(`${top}.of.`));
  const others = sections(weights.filter((s) => !own.includes(s)));
  const controls = own.map((one) => sliding(one, state, own.some((s) => /\)$/.test(s.label)) ? null : carries(state, own, one)));
  const inner = others.map(([section, some]) => folded(
    `Weights within ${section}`,
    some.map((one) => sliding(one, state, carries(state, some, one))),
  ));
  const worths = sections(state.program.settings.filter((s) => s.kind === "worth"));
  const points = worths.map(([section, some]) => folded(
    `Points of each measure: ${section}`,
    some.map((one) => sliding(one, state, null)),
  ));
  return controls.length + inner.length + points.length
    ? [group("Weights", ...controls, ...points, ...inner)] : [];
}

/* Cut points from the values of this year's schools: as many in each level, or equal widths. */
function proposed(state, node, way) {
  const { engine } = state;
  const ranked = sortedKnown(valuesOf(engine, node.of.node), (row) => engine.whole[row] === row);
  const steps = node.bounds.length + 1;
  const ends = [ranked[0], ranked[ranked.length - 1]];
  return node.bounds.map((_, j) => {
    const share = node.better === "high" ? (j + 1) / steps : 1 - (j + 1) / steps;
    const at = way === "equal_width" ? ends[0] + share * (ends[1] - ends[0]) : quantile(ranked, share, "linear");
    return rounded(at, 1, "half_up");
  });
}

function applyScheme(state, way) {
  const moved = standard(state.program);
  const cut = state.engine.nodes.filter((n) => n.rule === "cuts" && n.year === state.program.year);
  const settings = [...state.settings];
  cut.forEach((node) => {
    const bare = node.bounds.every((b) => b !== null && "s" in Object(b));
    const values = way === "design" || !bare ? null : proposed(state, node, way);
    node.bounds.forEach((b, j) => {
      if (b !== null && "s" in Object(b)) settings[b.s] = values ? values[j] : moved[b.s];
    });
  });
  state.replace(settings);
}

function cutControls(state) {
  const { settings } = state.program;
  const inside = settings.filter((s) => s.kind === "spacing").map((one) => chosen(one, state));
  const cut = sections(settings.filter((s) => s.kind === "cut"));
  if (cut.length) {
    const words = { "": "choose a scheme", design: "as the design says", ...SPACING_WORDS };
    const box = make("select", { id: "scheme" }, Object.entries(words).map(([word, text]) => make("option", { value: word }, text)));
    box.addEventListener("change", () => box.value && applyScheme(state, box.value));
    inside.push(make("div", {}, make("label", { for: "scheme" }, "Set all cut points"), box));
    inside.push(...cut.map(([section, some]) => folded(`Cut points: ${section}`, some.map((one) => boxed(one, state)))));
  }
  const wrong = make("p", { class: "wrong", role: "alert", id: "wrong" });
  return inside.length ? [group("From values to levels", ...inside, wrong)] : [];
}

function buildControls(state) {
  const of = (kind) => state.program.settings.filter((s) => s.kind === kind);
  const blocks = [
    ...(of("share").length ? [group("How many are named", ...of("share").map((s) => sliding(s, state, () => `${written(100 * state.settings[s.at], 2)} % of the pool`)))] : []),
    ...weightControls(state),
    ...(of("n").length ? [group("Who is counted", ...of("n").map((s) => sliding(s, state, () => `at least ${many(state.settings[s.at], "student", "students")}`)))] : []),
    ...(of("group").length ? [group("Groups that count", ...of("group").map((s) => ticked(s, state)), ...of("all").map((s) => sliding(s, state, () => `${written(100 * state.settings[s.at])} % for all students, the rest for the groups`)))] : []),
    ...cutControls(state),
  ];
  document.getElementById("controls").append(...blocks);
}
