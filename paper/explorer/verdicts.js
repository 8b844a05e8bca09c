"use strict";
/* Who is named whatever the weights, who under some, who under none? Weights of the index move
   within p points of their shares. Certain and never are proved; possible is shown by draws. */

const CLOSE = 2e-9;
const MOST_WEIGHTS = 9;
const MOST_PAIRS = 2e7;

function restsOn(engine, at, below) {
  return at === below || engine.nodes[at].reads.nodes.some((node) => restsOn(engine, node, below));
}

/* The mean on which the list rests, or why there is no verdict. */
function weighed(engine) {
  const chain = engine.program.chain;
  if (!chain) return { why: "the list does not hold one index against one line" };
  let at = chain.index;
  while (["across_parts", "identity"].includes(engine.nodes[at].rule)) at = engine.nodes[at].of.node;
  const node = engine.nodes[at];
  if (node.rule !== "mean" || node.form !== "arithmetic" || node.groups) {
    return { why: "its index is not the plain mean of some steps" };
  }
  if (!node.weights.every((w) => w !== null && typeof w === "object" && "s" in w)) {
    return { why: "the weights of its index differ between kinds of schools" };
  }
  if (node.weights.length < 2 || node.weights.length > MOST_WEIGHTS) {
    return { why: `its index has ${node.weights.length} weights` };
  }
  const list = engine.nodes[engine.program.list];
  const others = [...list.among, ...list.unless].map((ref) => ref.node);
  const line = chain.line === null ? null : engine.nodes[chain.line];
  if (line && line.pool) others.push(line.pool.node);
  if (others.some((other) => restsOn(engine, other, at))) {
    return { why: "who may be named rests on the index too" };
  }
  if (line && (line.rule !== "share_of_pool" || line.percentile !== null || line.within)) {
    return { why: "its line is no count of schools" };
  }
  if (line && line.of.node !== chain.index) return { why: "its line is drawn on another index" };
  return { at, node, line };
}

/* The corners of all weights within p of their shares that add up to 1. */
function cornersOf(shares, p) {
  const low = shares.map((s) => Math.max(0, s - p));
  const high = shares.map((s) => Math.min(1, s + p));
  const found = new Map();
  shares.forEach((_, free) => {
    for (let bits = 0; bits < 2 ** (shares.length - 1); bits += 1) {
      const corner = shares.map((__, j) => {
        const bit = j < free ? j : j - 1;
        return (bits >> bit) & 1 ? high[j] : low[j];
      });
      corner[free] = 0;
      corner[free] = 1 - corner.reduce((a, b) => a + b, 0);
      const within = corner[free] >= low[free] - 1e-12 && corner[free] <= high[free] + 1e-12;
      if (within) {
        corner[free] = Math.min(Math.max(corner[free], 0), 1);
        found.set(corner.map((w) => w.toFixed(12)).join(), corner);
      }
    }
  });
  return [...found.values()];
}

function indexAt(points, zero, row, weights) {
  let [top, total, seen] = [0, 0, 0];
  for (let j = 0; j < points.length; j += 1) {
    const gone = Number.isNaN(points[j][row]);
    if (!gone || zero) total += weights[j];
    if (!gone) {
      top += weights[j] * points[j][row];
      seen += 1;
    }
  }
  return { value: total > 0 ? top / total : NaN, seen };
}

/* The least and most that each row's index can be. */
function ranges(engine, found, corners) {
  const { node } = found;
  const points = node.of.map((ref) => valuesOf(engine, ref.node));
  const now = valuesOf(engine, found.at);
  const [low, high] = [blank(engine.rows), blank(engine.rows)];
  let sure = true;
  for (let row = 0; row < engine.rows; row += 1) {
    if (!Number.isNaN(now[row])) {
      const values = corners.map((w) => indexAt(points, node.missing === "zero", row, w).value);
      low[row] = Math.min(...values);
      high[row] = Math.max(...values);
      sure = sure && !Number.isNaN(low[row]);
    }
  }
  return { points, ...throughParts(engine, found, low, high), sure };
}

/* Whole schools lie between the means of the bounds of their parts. */
function throughParts(engine, found, low, high) {
  let at = engine.program.chain.index;
  const steps = [];
  while (at !== found.at) {
    steps.unshift(engine.nodes[at]);
    at = engine.nodes[at].of.node;
  }
  let slack = CLOSE;
  [engine.nodes[found.at], ...steps].forEach((node) => {
    if (node.round) slack += 1.001 * 10 ** -node.round.places;
  });
  if (found.line && found.line.before !== null) slack += 1.001 * 10 ** -found.line.before;
  let ends = [low, high];
  steps.filter((node) => node.rule === "across_parts").forEach((node) => {
    ends = ends.map((end) => acrossParts(node, {
      rows: engine.rows,
      whole: engine.whole,
      read: (ref) => (ref === node.of ? end : valuesOf(engine, ref.node)),
    }, 0));
  });
  return { low: ends[0], high: ends[1], slack };
}

function poolOf(engine, settings, found) {
  const x = reader(engine, settings, engine.program.chain.line, engine.results, null);
  return x.pool(found.line.pool);
}

/* How much one row's index can lie above another's: corner by corner where they have the same measures. */
function gap(bounds, corners, zero, i, j) {
  const alike = bounds.points.every((p) => Number.isNaN(p[i]) === Number.isNaN(p[j]));
  if (!alike || bounds.single[i] !== 1 || bounds.single[j] !== 1) {
    return [bounds.low[j] - bounds.high[i], bounds.high[j] - bounds.low[i]];
  }
  const gaps = corners.map((w) => indexAt(bounds.points, zero, j, w).value
    - indexAt(bounds.points, zero, i, w).value);
  return [Math.min(...gaps), Math.max(...gaps)];
}

/* How many numbers in ascending order lie below another. */
function below(ascending, x) {
  let [from, to] = [0, ascending.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (ascending[middle] < x) from = middle + 1;
    else to = middle;
  }
  return from;
}

/* How many of some rows, a row itself left out, surely and maybe lie below it, by their ends alone. */
function apart(low, high, rows, slack) {
  const [lows, highs] = [low, high].map((end) => Float64Array.from(rows, (row) => end[row]).sort());
  const among = new Set(rows);
  return (row) => [
    below(highs, low[row] - slack),
    below(lows, high[row] + slack) - (among.has(row) ? 1 : 0),
  ];
}

/* Proofs against a line by count: how many of the pool are surely, and may be, beyond a row. */
function provedByCount(engine, settings, found, bounds, corners) {
  const pool = poolOf(engine, settings, found);
  const now = valuesOf(engine, engine.program.chain.index);
  const rated = [...now.keys()].filter((row) => pool[row] === 1 && !Number.isNaN(now[row]));
  const size = found.line.counted === "pool" ? pool.filter((x) => x === 1).length : rated.length;
  const share = settings[found.line.share.s];
  const ways = { up: Math.ceil, down: Math.floor, nearest: (x) => Math.floor(x + 0.5) };
  const k = Math.min(ways[found.line.count](settle(share * size)), rated.length);
  const test = engine.nodes[engine.program.chain.test];
  const strict = test.way === "below" || test.way === "above";
  const sign = found.line.side === "lowest" ? 1 : -1;
  const zero = found.node.missing === "zero";
  const close = corners.length * rated.length * engine.rows < MOST_PAIRS;
  const [low, high] = sign > 0
    ? [bounds.low, bounds.high] : [bounds.high, bounds.low].map((end) => end.map((v) => -v));
  const byEnds = apart(low, high, rated, bounds.slack);
  const byPairs = (row) => {
    let [surely, maybe] = [0, 0];
    for (const other of rated) {
      if (other !== row) {
        const ends = gap(bounds, corners, zero, row, other);
        const [least, most] = sign > 0 ? ends : [-ends[1], -ends[0]];
        surely += most < -bounds.slack ? 1 : 0;
        maybe += least < bounds.slack ? 1 : 0;
      }
    }
    return [surely, maybe];
  };
  return (row) => {
    const self = strict && pool[row] === 1 ? 1 : 0;
    const [surely, maybe] = close ? byPairs(row) : byEnds(row);
    return { never: surely + self >= k, always: maybe + self < k };
  };
}

function provedByNumber(engine, settings, bounds) {
  const test = engine.nodes[engine.program.chain.test];
  const x = reader(engine, settings, engine.program.chain.test, engine.results, null);
  const line = x.either(test.bound, 0);
  const lowWay = test.way === "at_most" || test.way === "below";
  return (row) => {
    const under = bounds.high[row] < line[row] - bounds.slack;
    const over = bounds.low[row] > line[row] + bounds.slack;
    return lowWay ? { always: under, never: over } : { always: over, never: under };
  };
}

/* Repeatable numbers between 0 and 1: the same settings give the same draws. */
function chances(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function drawsOf(corners, shares, many) {
  const chance = chances(7);
  const found = [shares, ...corners.slice(0, many)];
  while (found.length < many) {
    const parts = corners.map(() => -Math.log(1 - chance()));
    const total = parts.reduce((a, b) => a + b, 0);
    found.push(shares.map((_, j) => corners.reduce((s, c, i) => s + (parts[i] / total) * c[j], 0)));
  }
  return found;
}

/* How often some weights name each row; the engine is left as it was. */
function shownBy(engine, settings, found, weights) {
  const times = new Int32Array(engine.rows);
  weights.forEach((drawn) => {
    const tried = [...settings];
    found.node.weights.forEach((w, j) => { tried[w.s] = drawn[j]; });
    whoIsNamed(engine, tried).forEach((row) => { times[row] += 1; });
  });
  run(engine, settings);
  return times;
}
