"use strict";
/* How is a choice kept? In the link, as a list (CSV), and as an adaptation file (YAML). */

const NUMBERS = { weight: [0, 1e6], worth: [0, 1e6], n: [0, 1e6], all: [0, 1], share: [0.001, 0.999], cut: [-1e6, 1e6] };

/* A value that a setting may have, or undefined. */
function allowed(setting, said) {
  if (setting.kind === "group") return typeof said === "boolean" ? said : undefined;
  if (setting.kind === "spacing") return ["equal_count", "equal_width"].includes(said) ? said : undefined;
  const [least, most] = NUMBERS[setting.kind];
  const number = Number(said);
  return said !== "" && Number.isFinite(number) && number >= least && number <= most ? number : undefined;
}

/* What a link holds: settings by their places, and what the reader looks at by words. */
function toHash(program, settings, view = []) {
  const first = standard(program);
  const moved = settings
    .map((value, at) => [at, value === false ? "off" : value])
    .filter(([at]) => settings[at] !== first[at])
    .map(([at, value]) => `${at}=${value}`);
  const words = [...moved, ...view.map(([word, said]) => `${word}=${encodeURIComponent(said)}`)];
  return words.length ? `#${words.join("&")}` : "";
}

function fromHash(program, hash) {
  const found = standard(program);
  hash.replace(/^#/, "").split("&").forEach((pair) => {
    const [at, word] = pair.split("=");
    const setting = /^\d+$/.test(at) ? program.settings[Number(at)] : undefined;
    if (setting === undefined || word === undefined) return;
    const said = setting.kind === "group" ? word !== "off" : word;
    const value = allowed(setting, said);
    if (value !== undefined) found[setting.at] = value;
  });
  return wrongCuts(program, found).length ? standard(program) : found;
}

/* The steps whose cut points do not rise (fall, where less is better). */
function wrongCuts(program, settings) {
  return program.nodes.filter((node) => {
    if (node.rule !== "cuts") return false;
    const words = new Set(node.bounds.flatMap((b) => (b && b.words ? Object.keys(b.words) : [])));
    const of = (b, word) => {
      const said = b && b.words ? (b.words[word] ?? b.words.others) : b;
      return said !== null && typeof said === "object" && "s" in said ? settings[said.s] : said;
    };
    return [...words, ""].some((word) => {
      const points = node.bounds.map((b) => of(b, word)).filter((b) => typeof b === "number");
      return points.some((b, j) => j > 0 && (node.better === "high" ? b <= points[j - 1] : b >= points[j - 1]));
    });
  }).map((node) => node.name);
}

/* A cell of a table file: quoted where needed, and never a formula of a spreadsheet. */
function csvCell(said) {
  const text = typeof said === "number" && Number.isNaN(said) ? "" : String(said);
  const safe = typeof said === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csvOf(rows) {
  return `\ufeff${rows.map((row) => row.map(csvCell).join(",")).join("\r\n")}\r\n`;
}

function listRows(engine, entered, left, verdict) {
  const { schools, chain, listName, year } = engine.program;
  const head = ["school", "name", "district", "level", "year", "list", "result", "index", "line", "verdict"];
  const row = (result) => (at) => {
    const place = chain ? placeOf(engine, at) : { index: NaN, line: NaN };
    const told = [schools.school[at], schools.name[at], schools.district[at], schools.level[at]];
    return [...told, year, listName, result(at), place.index, place.line, verdict ? verdict[at] : ""];
  };
  const on = lists(engine).on.map(row((at) => (entered.has(at) ? "enters" : "stays")));
  return [head, ...on, ...[...left].map(row(() => "leaves"))];
}

/* The choice as changes at the addresses of the design. */
function changesAt(program, settings) {
  const first = standard(program);
  const found = new Map();
  program.settings.forEach((one) => {
    if (one.kind === "group" || settings[one.at] === first[one.at]) return;
    one.paths.forEach((path) => found.set(path, settings[one.at]));
  });
  const off = new Set(program.settings.filter((s) => s.kind === "group" && !settings[s.at]).map((s) => s.section));
  program.across.forEach(({ step, rest }) => {
    const on = rest.filter((group) => !off.has(group));
    if (on.length > 0 && on.length < rest.length) found.set(`${step}.rest`, on);
  });
  const none = program.across.filter(({ rest }) => rest.every((group) => off.has(group)));
  none.forEach(({ step }) => found.set(`${step}.all`, 1));
  return found;
}

function adaptationOf(program, settings) {
  const says = JSON.stringify("Chosen by hand on the explorer.");
  const lines = [...changesAt(program, settings)].map(([path, to]) => {
    return `  ${JSON.stringify(path)}: {to: ${JSON.stringify(to)}, says: ${says}}`;
  });
  return [
    "schema: 1",
    `title: ${JSON.stringify(`A choice made by hand: ${program.design}`)}`,
    `reference: ${JSON.stringify(`Moved on the explorer of ${program.words}, list ${program.listName}, ${program.year}`)}`,
    `base: ${JSON.stringify(program.base)}`,
    lines.length ? "changes:" : "changes: {}",
    ...lines,
    "",
  ].join("\n");
}
