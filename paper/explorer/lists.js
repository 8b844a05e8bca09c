"use strict";
/* How do numbers become one, when is a condition met, and who is named? */

const FORMS = {
  geometric: [(v) => Math.log(v >= 0 ? v + 0 : NaN), Math.exp],
  harmonic: [(v) => 1 / (v >= 0 ? v + 0 : NaN), (m) => 1 / m],
};

function mean(node, x, g) {
  const weights = node.weights.map(x.number);
  const [change, back] = FORMS[node.form] || [null, null];
  const inputs = node.of.map((ref) => x.read(ref, g));
  const zero = node.missing === "zero";
  const least = node.missing === "no_result" ? node.of.length : node.judged;
  const out = blank(x.rows);
  for (let i = 0; i < x.rows; i += 1) {
    let [total, top, seen] = [0, 0, 0];
    for (let j = 0; j < inputs.length; j += 1) {
      const v = inputs[j][i];
      const gone = Number.isNaN(v);
      const weight = gone && !zero ? 0 : weights[j][i];
      total += weight;
      if (weight > 0 && change === null) top += gone ? 0 : weight * v;
      else if (weight > 0) top += weight * change(gone ? 0 : v);
      seen += gone ? 0 : 1;
    }
    if (seen >= least && total > 0) out[i] = back === null ? top / total : back(top / total);
  }
  return out;
}

function sum(node, x, g) {
  const inputs = node.of.map((ref) => x.read(ref, g));
  const times = node.weights.map(x.number);
  const least = node.missing === "no_result" ? inputs.length : 1;
  return eachRow(x, (i) => {
    let [total, seen] = [0, 0];
    for (let j = 0; j < inputs.length; j += 1) {
      const gone = Number.isNaN(inputs[j][i]);
      total += times[j][i] * (gone ? 0 : inputs[j][i]);
      seen += gone ? 0 : 1;
    }
    return seen >= least ? total : NaN;
  });
}

function pointsOverPossible(node, x, g) {
  const inputs = node.of.map((ref) => x.read(ref, g));
  const weights = node.weights.map(x.number);
  const times = x.number(node.times);
  return eachRow(x, (i) => {
    let [earned, possible] = [0, 0];
    for (let j = 0; j < inputs.length; j += 1) {
      const gone = Number.isNaN(inputs[j][i]);
      earned += gone ? 0 : inputs[j][i];
      possible += (gone ? 0 : 1) * weights[j][i];
    }
    return possible > 0 ? (times[i] * earned) / possible : NaN;
  });
}

function extreme(sign) {
  return (node, x, g) => {
    const inputs = node.of.map((ref) => x.read(ref, g));
    const all = node.missing === "no_result";
    const out = inputs[0].slice();
    inputs.slice(1).forEach((values) => {
      for (let i = 0; i < x.rows; i += 1) {
        const takes = Number.isNaN(all ? values[i] : out[i]) || sign * values[i] > sign * out[i];
        if (takes) out[i] = values[i];
      }
    });
    return out;
  };
}

function difference(node, x, g) {
  const [of, minus] = [x.either(node.of, g), x.either(node.minus, g)];
  return eachRow(x, (i) => of[i] - minus[i]);
}

const WAYS = {
  at_least: (v, line) => v >= line,
  above: (v, line) => v > line,
  at_most: (v, line) => v <= line,
  below: (v, line) => v < line,
};

function test(node, x, g) {
  const value = x.read(node.of, g);
  if (node.way === "is") {
    return eachRow(x, (i) => (Number.isNaN(value[i]) ? NaN : Number(node.codes.includes(settle(value[i])))));
  }
  const bound = x.either(node.bound, g);
  const holds = WAYS[node.way];
  return eachRow(x, (i) => {
    const v = node.settle ? settle(value[i]) : beforeRanking(value[i], node.before);
    const line = node.settle ? settle(bound[i]) : bound[i];
    return Number.isNaN(v) || Number.isNaN(line) ? NaN : Number(holds(v, line));
  });
}

function present(node, x, g) {
  const value = x.read(node.of, g);
  return eachRow(x, (i) => Number(!Number.isNaN(value[i])));
}

/* Several conditions in three values: one that is `decisive` settles the matter. */
function several(decisive) {
  return (node, x, g) => {
    const inputs = node.of.map((ref) => x.read(ref, g));
    return eachRow(x, (i) => {
      let [decided, gone] = [false, 0];
      for (const values of inputs) {
        decided = decided || values[i] === decisive;
        gone += Number.isNaN(values[i]) ? 1 : 0;
      }
      if (decided) return decisive;
      const open = node.missing === "unknown" ? gone > 0 : gone === inputs.length;
      return open ? NaN : 1 - decisive;
    });
  };
}

/* One line for all schools, or one for each kind of them. */
function drawn(node, x, g, draw) {
  if (x.fixed) return x.fixed(g);
  const value = x.read(node.of, g).map((v) => beforeRanking(v, node.before));
  const pool = x.pool(node.pool, g);
  if (!node.within) return new Float64Array(x.rows).fill(draw(value, pool, () => true));
  const kind = x.read(node.within, g);
  const kinds = new Set(kind.filter((k) => !Number.isNaN(k)));
  const lines = new Map([...kinds].map((k) => [k, draw(value, pool, (i) => kind[i] === k)]));
  return eachRow(x, (i) => (lines.has(kind[i]) ? lines.get(kind[i]) : NaN));
}

function shareOfPool(node, x, g) {
  return drawn(node, x, g, (value, pool, mine) => {
    const size = pool.reduce((k, inside, i) => k + (inside === 1 && mine(i) ? 1 : 0), 0);
    const ranked = sortedKnown(value, (i) => pool[i] === 1 && mine(i));
    return lineOfPool(ranked, size, x.plain(node.share), node);
  });
}

function edgeOfList(node, x, g) {
  return drawn(node, x, g, (value, pool, mine) => {
    const ranked = sortedKnown(value, (i) => pool[i] === 1 && mine(i));
    if (ranked.length === 0) return NaN;
    return node.edge === "highest" ? ranked[ranked.length - 1] : ranked[0];
  });
}

function anyGroup(node, x) {
  if (!x.byGroup(node.of)) return [x.read(node.of, 0)];
  return node.any.map((name) => x.read(node.of, x.groups.indexOf(name)));
}

function named(node, x) {
  const ground = anyGroup(node, x);
  const among = node.among.map((ref) => x.read(ref, 0));
  const unless = node.unless.map((ref) => x.read(ref, 0));
  return eachRow(x, (i) => {
    if (x.whole[i] !== i) return NaN;
    let held = NaN;
    for (const values of ground) if (values[i] === 1 || Number.isNaN(held)) held = values[i];
    for (const pool of among) {
      if (pool[i] === 0) held = 0;
      if (Number.isNaN(pool[i]) && held === 1) held = NaN;
    }
    return unless.some((list) => list[i] === 1) ? 0 : held;
  });
}

const RULES = {
  minimum_n: minimumN,
  linear,
  identity: (node, x, g) => x.read(node.of, g),
  map: mapped,
  cuts,
  levels_in_pool: levelsInPool,
  lowest_group: lowestGroup,
  across_groups: acrossGroups,
  across_parts: acrossParts,
  mean,
  sum,
  points_over_possible: pointsOverPossible,
  max: extreme(1),
  min: extreme(-1),
  difference,
  test,
  present,
  any: several(1),
  all: several(0),
  share_of_pool: shareOfPool,
  edge_of_list: edgeOfList,
  named,
};
