"use strict";
/* Who is named under some settings? Runs the nodes whose settings or inputs have changed. */

function decoded(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float64Array(bytes.buffer);
}

/* The nodes that a node reads, and the settings that it takes its words from. */
function readBy(said, found = { nodes: [], settings: [] }) {
  if (said === null || typeof said !== "object") return found;
  if (!Array.isArray(said)) {
    if (typeof said.s === "number") found.settings.push(said.s);
    if (typeof said.node === "number") found.nodes.push(said.node);
    if (typeof said.by === "number") found.nodes.push(said.by);
    if (said.toggles) found.settings.push(...said.toggles);
  }
  Object.values(said).forEach((inner) => readBy(inner, found));
  return found;
}

function makeEngine(program) {
  const nodes = program.nodes.map((node) => ({ ...node, reads: readBy(node) }));
  const arrays = program.arrays.map((a) => (typeof a === "string" ? decoded(a) : a));
  return {
    program,
    nodes,
    arrays,
    whole: Int32Array.from(program.whole),
    rows: program.whole.length,
    orders: new Map(),
    kinds: new WeakMap(),
    results: nodes.map(() => ({ key: "", version: 0, values: [], kept: new Map() })),
  };
}

function standard(program) {
  return program.settings.map((one) => (one.kind === "group" ? true : one.value));
}

/* Each kind there is, and the place of each row's among them; -1 where none is known. */
function kindsOf(codes) {
  const places = new Map([...new Set(codes.filter((k) => !Number.isNaN(k)))].map((k, at) => [k, at]));
  const of = Int32Array.from(codes, (k) => (places.has(k) ? places.get(k) : -1));
  const sizes = [...places.values()].map((at) => of.reduce((size, place) => size + (place === at ? 1 : 0), 0));
  return { codes: [...places.keys()], of, sizes };
}

function once(known, key, make) {
  if (!known.has(key)) known.set(key, make());
  return known.get(key);
}

/* What a rule may read; `some` holds the rows of single schools, or nothing for all. */
function reader(engine, settings, at, results, some) {
  const rows = some ? some.rows.length : engine.rows;
  const groupOf = (ref, g) => (ref.group ? engine.program.groups.indexOf(ref.group) : g);
  const byGroup = (ref) => engine.nodes[ref.node].groups && !ref.group;
  const read = (ref, g) => {
    const { values } = results[ref.node];
    return values.at(values.length > 1 ? groupOf(ref, g) : 0);
  };
  const plain = (said) => (said !== null && typeof said === "object" ? settings[said.s] : said);
  const [numbers, pools] = [new Map(), new Map()];
  const number = (said) => once(numbers, said, () => {
    if (said === null) return blank(rows);
    if (typeof said !== "object" || "s" in said) return new Float64Array(rows).fill(plain(said));
    const codes = results[said.by].values.at(0);
    const words = Object.entries(said.words).map(([word, x]) => [word, number(x)]);
    const told = new Map(words.map(([word, x]) => [word === "others" ? word : Number(word), x]));
    const kinds = once(engine.kinds, codes, () => kindsOf(codes));
    const of = kinds.codes.map((code) => told.get(code) || told.get("others") || blank(rows));
    const out = blank(rows);
    for (let i = 0; i < rows; i += 1) if (kinds.of[i] >= 0) out[i] = of[kinds.of[i]][i];
    return out;
  });
  const own = engine.results[at];
  return {
    rows,
    groups: engine.program.groups,
    whole: some ? some.whole : engine.whole,
    read,
    byGroup,
    number,
    plain,
    word: plain,
    on: (setting) => settings[setting] === true,
    either: (said, g) => (said !== null && typeof said === "object" && "node" in said ? read(said, g) : number(said)),
    students: (ref, g) => {
      const { students } = results[ref.node];
      return students === undefined ? null : students[students.length > 1 ? groupOf(ref, g) : 0];
    },
    pool: (ref, g = 0) => {
      const whole = some ? some.whole : engine.whole;
      const inside = ref ? read(ref, g) : null;
      return once(pools, inside, () => {
        const found = new Float64Array(rows);
        for (let i = 0; i < rows; i += 1) found[i] = whole[i] === i && (!inside || inside[i] === 1) ? 1 : 0;
        return found;
      });
    },
    kept: (name, make) => (some ? own.kept.get(name) : once(own.kept, name, make)),
    kinds: (ref, g) => {
      const codes = ref ? read(ref, g) : number(0);
      return once(engine.kinds, codes, () => kindsOf(codes));
    },
    ordered: (name, values, ranked) => {
      const key = `${at} ${name}`;
      const found = reordered(engine.orders.get(key) || unordered(rows), values, ranked);
      engine.orders.set(key, found);
      return found;
    },
    fixed: some ? (g) => some.rows.map((row) => own.values.at(own.values.length > 1 ? g : 0)[row]) : null,
  };
}

function givenValues(engine, node) {
  const values = node.value.map((place) => engine.arrays[place]);
  return { values, students: node.n ? node.n.map((place) => engine.arrays[place]) : undefined };
}

function computed(engine, settings, at, results, some) {
  const node = engine.nodes[at];
  const x = reader(engine, settings, at, results, some);
  return asRead(node.groups ? engine.program.groups.length : 1, (g) => {
    const values = RULES[node.rule](node, x, g);
    return node.round ? values.map(rounder(node.round.places, node.round.mode)) : values;
  });
}

/* Values by group, each computed when it is first read: most groups of most steps never are. */
function asRead(length, compute) {
  const known = [];
  return {
    length,
    at: (g) => {
      if (known[g] === undefined) known[g] = compute(g);
      return known[g];
    },
  };
}

/* Run what has changed; give back the engine with all results in it. */
function run(engine, moved) {
  const settings = [...moved];
  engine.nodes.forEach((node, at) => {
    const old = engine.results[at];
    const said = node.reads.settings.map((place) => settings[place]);
    const key = JSON.stringify([said, node.reads.nodes.map((n) => engine.results[n].version)]);
    if (key === old.key) return;
    engine.results[at] = { key, version: old.version + 1, values: [], kept: new Map() };
    const made = node.rule === "given"
      ? givenValues(engine, node)
      : { values: computed(engine, settings, at, engine.results, null) };
    Object.assign(engine.results[at], made);
  });
  return engine;
}

/* The results of some rows alone, lines and cut points as they stand; `instead` replaces arrays. */
function runRows(engine, settings, rows, instead) {
  const some = { rows, whole: Int32Array.from(rows, (row) => rows.indexOf(engine.whole[row])) };
  const cut = (place) => {
    const given = instead.get(place);
    return given || Float64Array.from(rows, (row) => engine.arrays[place][row]);
  };
  const results = [];
  engine.nodes.forEach((node, at) => {
    if (node.rule === "given") {
      results.push({ values: node.value.map(cut), students: node.n ? node.n.map(cut) : undefined });
    } else {
      results.push({ values: computed(engine, settings, at, results, some) });
    }
  });
  return results;
}

function valuesOf(engine, at, group = 0) {
  const { values } = engine.results[at];
  return values.at(values.length > 1 ? group : 0);
}

/* Rows on the list; a school that cannot be judged is in `open`. */
function lists(engine) {
  const held = valuesOf(engine, engine.program.list);
  const [on, open] = [[], []];
  held.forEach((value, row) => {
    if (value === 1) on.push(row);
    if (Number.isNaN(value) && engine.whole[row] === row) open.push(row);
  });
  return { on, open };
}

function whoIsNamed(engine, settings) {
  return lists(run(engine, settings)).on;
}
