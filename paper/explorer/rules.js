"use strict";
/* What does each rule compute? As analysis/designs/rules: x reads, g is the place of a group. */

function blank(size) {
  return new Float64Array(size).fill(NaN);
}

function eachRow(x, value) {
  const out = new Float64Array(x.rows);
  for (let i = 0; i < x.rows; i += 1) out[i] = value(i);
  return out;
}

function minimumN(node, x, g) {
  const value = x.read(node.of, g);
  const n = x.students(node.of, g);
  const least = x.plain(node.n);
  const out = blank(x.rows);
  for (let i = 0; n !== null && i < x.rows; i += 1) if (n[i] >= least) out[i] = value[i];
  return out;
}

function linear(node, x, g) {
  const value = x.read(node.of, g);
  const [low, high, worth] = [node.none_at, node.full_at, node.worth].map(x.number);
  return eachRow(x, (i) => {
    const part = (value[i] - low[i]) / (high[i] - low[i]);
    return (Number.isNaN(part) ? NaN : Math.min(Math.max(part, 0), 1)) * worth[i];
  });
}

function mapped(node, x, g) {
  const value = x.read(node.of, g);
  const to = node.to.map(([code, number]) => [code, x.number(number)]);
  return eachRow(x, (i) => {
    const found = to.find(([code]) => code === value[i]);
    return found ? found[1][i] : NaN;
  });
}

const REACHED = {
  high: { in: (x, b) => x >= b, out: (x, b) => x > b },
  low: { in: (x, b) => x <= b, out: (x, b) => x < b },
};

function cuts(node, x, g) {
  const value = x.read(node.of, g);
  const bounds = node.bounds.map(x.number);
  const reached = REACHED[node.better][node.equal];
  return eachRow(x, (i) => {
    const v = settle(value[i]);
    let level = Number.isNaN(v) ? NaN : node.first;
    for (let j = 0; j < bounds.length; j += 1) {
      const bound = settle(bounds[j][i]);
      if (Number.isNaN(bound)) level = NaN;
      else if (reached(v, bound)) level = node.codes[j];
    }
    return level;
  });
}

/* Cut points of each kind of school, from its pool in the base year. */
function cutPoints(node, x, g, kinds) {
  const base = x.read(node.base, node.cuts_of === "all" ? 0 : g);
  const pool = x.pool(node.pool);
  const { rows, by } = x.ordered(`${g}`, base, (v) => node.sign * settle(v));
  const ranked = kinds.sizes.map((size) => new Float64Array(size));
  const sizes = kinds.codes.map(() => 0);
  for (let j = 0; j < rows.length; j += 1) {
    const row = rows[j];
    const at = kinds.of[row];
    if (at >= 0 && pool[row] === 1 && !Number.isNaN(base[row])) {
      ranked[at][sizes[at]] = by[row];
      sizes[at] += 1;
    }
  }
  return new Map(kinds.codes.map((code, at) => [code, spaced(node, x, ranked[at].subarray(0, sizes[at]))]));
}

function spaced(node, x, ranked) {
  const low = ranked.length ? ranked[0] : NaN;
  const high = ranked.length ? ranked[ranked.length - 1] : NaN;
  const wide = x.word(node.spacing) === "equal_width";
  const found = [];
  for (let k = 1; k < node.levels; k += 1) {
    const share = k / node.levels;
    found.push(settle(wide ? low + share * (high - low) : quantile(ranked, share, node.percentile)));
  }
  return found;
}

function levelsInPool(node, x, g) {
  const value = x.read(node.of, g);
  const kinds = x.kinds(node.within, g);
  const known = x.kept(`cuts ${g}`, () => cutPoints(node, x, g, kinds));
  const cut = kinds.codes.map((code) => known.get(code));
  const out = blank(x.rows);
  for (let i = 0; i < x.rows; i += 1) {
    const points = kinds.of[i] < 0 ? undefined : cut[kinds.of[i]];
    if (points !== undefined && !Number.isNaN(value[i]) && !Number.isNaN(points[0])) {
      const v = node.sign * settle(value[i]);
      let level = 1;
      for (let j = 0; j < points.length; j += 1) level += v >= points[j] ? 1 : 0;
      out[i] = level;
    }
  }
  return out;
}

function lowestGroup(node, x, g) {
  if (x.groups[g] !== node.as) return x.read(node.of, g);
  const places = node.among.map((name) => x.groups.indexOf(name));
  const order = node.ties === "first" ? places : [...places].reverse();
  const compared = order.map((place) => x.read(node.by, place));
  const values = order.map((place) => x.read(node.of, place));
  const out = blank(x.rows);
  const least = new Float64Array(x.rows).fill(Infinity);
  compared.forEach((by, j) => {
    for (let i = 0; i < x.rows; i += 1) {
      const v = node.sign * by[i];
      // what is not below before it is settled is not below afterwards
      if (v < least[i] && settle(v) < settle(least[i])) {
        least[i] = v;
        out[i] = values[j][i];
      }
    }
  });
  return out;
}

/* What all students and each group carry, where k groups have a result. */
function groupShares(missing, all, rest, k) {
  const nominal = all === "equal" ? 1 / (1 + rest) : all;
  const each = (1 - nominal) / rest;
  if (missing === "rest") {
    const otherwise = k > 0 ? nominal : 1;
    const top = all === "equal" ? 1 / (1 + k) : otherwise;
    return [top, (1 - top) / k];
  }
  if (missing === "all") return [1 - k * each, each];
  const present = nominal + k * each;
  return [nominal / present, each / present];
}

function countedGroups(node, x) {
  const on = node.rest.filter((_, j) => x.on(node.toggles[j]));
  const all = node.all === "equal" ? "equal" : x.plain(node.all);
  return on.length ? [on, all] : [node.rest, 1];
}

function acrossGroups(node, x) {
  const [rest, all] = countedGroups(node, x);
  const levels = ["all", ...rest].map((name) => x.read(node.of, x.groups.indexOf(name)));
  const [worth, full] = [x.number(node.worth), x.number(node.full)];
  const shares = [...rest, 0].map((_, k) => groupShares(node.missing, all, rest.length, k));
  const round = node.cell_round ? rounder(node.cell_round.places, node.cell_round.mode) : (v) => v;
  const cell = (i, level, share) => round((level / full[i]) * worth[i] * share);
  const out = blank(x.rows);
  for (let i = 0; i < x.rows; i += 1) {
    let k = 0;
    for (let j = 1; j < levels.length; j += 1) k += Number.isNaN(levels[j][i]) ? 0 : 1;
    let total = cell(i, levels[0][i], shares[k][0]);
    for (let j = 1; j < levels.length; j += 1) {
      if (!Number.isNaN(levels[j][i])) total += cell(i, levels[j][i], shares[k][1]);
    }
    out[i] = total;
  }
  return out;
}

function acrossParts(node, x, g) {
  const value = x.read(node.of, g);
  const weights = x.read(node.weights, g);
  const [top, total, lost, parts] = [0, 0, 0, 0].map(() => new Float64Array(x.rows));
  for (let i = 0; i < x.rows; i += 1) {
    const at = x.whole[i];
    const gone = Number.isNaN(value[i]);
    const counts = at !== i && !gone;
    const weight = counts ? weights[i] : 0;
    top[at] += weight * (gone ? 0 : value[i]);
    total[at] += weight;
    parts[at] += at !== i ? 1 : 0;
    lost[at] += at !== i && gone ? 1 : 0;
  }
  return eachRow(x, (i) => {
    if (x.whole[i] !== i) return NaN;
    if (parts[i] === 0) return value[i];
    if (node.missing === "no_result" && lost[i] > 0) return NaN;
    return total[i] > 0 ? top[i] / total[i] : NaN;
  });
}
