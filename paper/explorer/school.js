"use strict";
/* How does one school come to its index, and what single change would change its place? */

/* The share of the index that each node carries in each row, added up over the ways to it. */
function spread(engine, settings, at, row, share, found) {
  const node = engine.nodes[at];
  const key = `${at} ${row}`;
  found.set(key, (found.get(key) || 0) + share);
  if (node.rule === "mean" || node.rule === "points_over_possible") {
    sharesOf(engine, settings, at, row).forEach((part, j) => {
      if (part > 0) spread(engine, settings, node.of[j].node, row, share * part, found);
    });
  } else if (node.rule === "across_parts" && !isSingle(engine, row)) {
    partShares(engine, node, row).forEach(([part, own]) => {
      spread(engine, settings, node.of.node, part, share * own, found);
    });
  } else if (node.rule === "max" || node.rule === "min") {
    const taken = node.of.find((ref) => valuesOf(engine, ref.node)[row] === valuesOf(engine, at)[row]);
    if (taken) spread(engine, settings, taken.node, row, share, found);
  } else if (node.of && node.of.node !== undefined) {
    spread(engine, settings, node.of.node, row, share, found);
  }
  return found;
}

function sharesOf(engine, settings, at, row) {
  const node = engine.nodes[at];
  const x = reader(engine, settings, at, engine.results, null);
  const weights = node.of.map((ref, j) => {
    const gone = Number.isNaN(x.read(ref, 0)[row]) && node.missing !== "zero";
    return gone ? 0 : x.number(node.weights[j])[row];
  });
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => (total > 0 ? w / total : 0));
}

function partShares(engine, node, row) {
  const value = valuesOf(engine, node.of.node);
  const weight = valuesOf(engine, node.weights.node);
  const rows = [...engine.whole.keys()].filter((i) => engine.whole[i] === row && i !== row);
  const there = rows.filter((i) => !Number.isNaN(value[i]));
  const total = there.reduce((sum, i) => sum + weight[i], 0);
  return there.map((i) => [i, weight[i] / total]);
}

function rowsOf(engine, row) {
  const parts = [...engine.whole.keys()].filter((i) => engine.whole[i] === row && i !== row);
  return parts.length ? parts : [row];
}

/* The groups among which a measure's points are shared, each with whether it is switched on. */
function countingGroups(engine, settings, at) {
  const node = at === undefined ? {} : engine.nodes[at];
  const rest = node.rule === "across_groups" ? node.rest : [];
  return new Map([["all", true], ...rest.map((name, j) => [name, settings[node.toggles[j]]])]);
}

function lastOf(engine, measure, rules) {
  return measure.steps.filter((at) => rules.includes(engine.nodes[at].rule)).pop();
}

/* What each measure of a school is, whether it counts, and what it brings. */
function traceOf(engine, settings, row) {
  const { chain, measures, groups } = engine.program;
  const shares = chain ? spread(engine, settings, chain.index, row, 1, new Map()) : new Map();
  return rowsOf(engine, row).flatMap((at) => measures.map((measure) => {
    const steps = {
      counted: lastOf(engine, measure, ["minimum_n"]),
      level: lastOf(engine, measure, ["cuts", "levels_in_pool"]),
      points: lastOf(engine, measure, ["across_groups", "linear", "map"]),
      derived: lastOf(engine, measure, ["lowest_group"]),
    };
    const read = (node, g) => (node === undefined ? NaN : valuesOf(engine, node, g)[at]);
    const given = engine.nodes[measure.node];
    const valueIn = (g) => {
      const value = read(measure.node, g);
      return Number.isNaN(value) ? read(steps.derived, g) : value;
    };
    const counting = countingGroups(engine, settings, steps.points);
    const cells = groups.map((name, g) => ({
      group: g,
      shown: counting.has(name),
      on: counting.get(name) === true,
      value: valueIn(g),
      n: given.n ? engine.arrays[given.n[given.n.length > 1 ? g : 0]][at] : NaN,
      counts: steps.counted === undefined || !Number.isNaN(read(steps.counted, g))
        || !Number.isNaN(read(steps.derived, g)),
      level: read(steps.level, g),
    }));
    const share = shares.get(`${measure.node} ${at}`) || 0;
    return { measure, row: at, cells, points: read(steps.points, 0), share };
  }));
}

function placeOf(engine, row) {
  const { chain } = engine.program;
  if (!chain) return null;
  const test = engine.nodes[chain.test];
  const before = test.settle ? settle : (v) => beforeRanking(v, test.before);
  const index = before(valuesOf(engine, chain.index)[row]);
  const line = chain.line === null ? test.bound : valuesOf(engine, chain.line)[row];
  return { index, line: typeof line === "number" ? line : NaN };
}

/* Whether a row would be beyond its line with other values, the line drawn anew. */
function tester(engine, settings, row) {
  const { chain } = engine.program;
  const test = engine.nodes[chain.test];
  const line = chain.line === null ? null : engine.nodes[chain.line];
  const all = valuesOf(engine, chain.index).map((v) => beforeRanking(v, line ? line.before : null));
  const pool = line ? reader(engine, settings, chain.line, engine.results, null).pool(line.pool) : null;
  const size = line ? pool.filter((x) => x === 1).length : 0;
  return (instead) => {
    const results = runRows(engine, settings, [row], instead);
    const index = beforeRanking(results[chain.index].values.at(0)[0], line ? line.before : null);
    all[row] = index;
    const bound = line
      ? lineOfPool(sortedKnown(all, (i) => pool[i] === 1), size, settings[line.share.s], line)
      : test.bound;
    return Number.isNaN(index) ? null : WAYS[test.way](index, bound);
  };
}

function reach(engine, measure) {
  if (measure.range) return measure.range;
  if (measure.unit.startsWith("percent")) return [0, 100];
  const known = sortedKnown(valuesOf(engine, measure.node), () => true);
  return [known[0], known[known.length - 1]];
}

/* The smallest change of one measure of all students, in tenths, that changes the answer. */
function smallestChange(engine, settings, row, measure) {
  const place = engine.nodes[measure.node].value[0];
  const now = engine.arrays[place][row];
  const beyond = tester(engine, settings, row);
  const answer = beyond(new Map());
  if (Number.isNaN(now) || answer === null) return null;
  const [low, high] = reach(engine, measure);
  const lowest = engine.nodes[engine.program.chain.test].way.match(/most|below/) !== null;
  const up = (measure.better === "low") === (answer !== lowest);
  const room = Math.floor(((up ? high - now : now - low) + 1e-9) * 10);
  const at = (tenths) => settle(now + ((up ? 1 : -1) * tenths) / 10);
  const flips = (tenths) => beyond(new Map([[place, Float64Array.of(at(tenths))]])) === !answer;
  if (room < 1 || !flips(room)) return { measure, to: null };
  let [from, until] = [0, room];
  while (until - from > 1) {
    const middle = Math.floor((from + until) / 2);
    if (flips(middle)) until = middle;
    else from = middle;
  }
  return { measure, now, to: at(until) };
}

function changesOf(engine, settings, row) {
  if (weighed(engine).why || !isSingle(engine, row)) return null;
  const found = engine.program.measures.map((m) => smallestChange(engine, settings, row, m));
  return found.filter((one) => one !== null);
}
