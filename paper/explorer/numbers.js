"use strict";
/* How are numbers rounded and ordered? As in analysis/rounding.py and NumPy, to the last bit. */

const EXACT = 2 ** 51;
const SHIFT = 3 * EXACT;

/* Below 2 ** 51 an addition rounds by itself: a double has no room for halves beyond 2 ** 52. */
function nearestEven(x) {
  if (x < EXACT && x > -EXACT) return x + SHIFT - SHIFT;
  const below = Math.floor(x);
  const over = x - below;
  if (over < 0.5) return below;
  if (over > 0.5) return below + 1;
  return below % 2 === 0 ? below : below + 1;
}

function settle(x) {
  return nearestEven(x * 1e9) / 1e9;
}

const ROUNDINGS = {
  half_up: (x) => Math.floor(x + 0.5),
  half_even: nearestEven,
  up: Math.ceil,
  down: Math.floor,
};

function rounder(places, mode) {
  const scale = 10 ** places;
  const round = ROUNDINGS[mode];
  return (x) => round(nearestEven(x * scale * 1e6) / 1e6) / scale;
}

function rounded(x, places, mode) {
  return rounder(places, mode)(x);
}

/* An index as it is ranked: rounded as the line says, and always to nine places. */
function beforeRanking(x, places) {
  return settle(places === null ? x : rounded(x, places, "half_up"));
}

const PLOTTING = {
  hazen: [0.5, 0.5],
  weibull: [0, 0],
  median_unbiased: [1 / 3, 1 / 3],
};

/* A quantile of numbers in ascending order, by NumPy's name of the method. */
function quantile(ascending, share, method) {
  const n = ascending.length;
  if (n === 0) return NaN;
  const [a, b] = PLOTTING[method] || [1, 1];
  const place = method in PLOTTING
    ? n * share + (a + share * (1 - a - b)) - 1
    : (n - 1) * share;
  if (method === "lower") return ascending[Math.floor(place)];
  if (method === "higher") return ascending[Math.ceil(place)];
  if (place <= 0) return ascending[0];
  if (place >= n - 1) return ascending[n - 1];
  const at = Math.floor(place);
  const part = place - at;
  const low = ascending[at];
  const high = ascending[at + 1];
  return part >= 0.5 ? high - (high - low) * (1 - part) : low + (high - low) * part;
}

function sortedKnown(values, keep) {
  const found = [];
  for (let i = 0; i < values.length; i += 1) {
    if (keep(i) && !Number.isNaN(values[i])) found.push(values[i]);
  }
  return Float64Array.from(found).sort();
}

/* Rows by a value in ascending order, where `before` is the order of an earlier run: a row whose
   value is the same keeps its place, and one without a value keeps it for later. */
function reordered(before, values, ranked) {
  const fresh = [];
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] === values[i] && values[i] !== before.values[i]) fresh.push(i);
  }
  if (fresh.length === 0) return before;
  const [now, by] = [before.values.slice(), before.by.slice()];
  fresh.forEach((row) => {
    now[row] = values[row];
    by[row] = ranked(values[row]);
  });
  const added = Int32Array.from(fresh).sort((a, b) => by[a] - by[b]);
  const rows = new Int32Array(values.length);
  let [size, next] = [0, 0];
  before.rows.forEach((row) => {
    if (now[row] !== before.values[row]) return;
    while (next < added.length && by[added[next]] < by[row]) rows[size++] = added[next++];
    rows[size++] = row;
  });
  while (next < added.length) rows[size++] = added[next++];
  return { rows: rows.subarray(0, size), values: now, by };
}

function unordered(size) {
  return { rows: new Int32Array(0), values: new Float64Array(size).fill(NaN), by: new Float64Array(size) };
}

/* The last value that a share of a ranked pool reaches, as share_of_pool draws it. */
function lineByCount(ascending, pool, share, rule) {
  const ranked = rule.side === "lowest" ? ascending : ascending.map((x) => -x).reverse();
  const sign = rule.side === "lowest" ? 1 : -1;
  const n = ranked.length;
  if (n === 0) return NaN;
  const exact = settle(share * (rule.counted === "pool" ? pool : n));
  const ways = { up: Math.ceil, down: Math.floor, nearest: (x) => Math.floor(x + 0.5) };
  let k = Math.min(ways[rule.count || "up"](exact), n);
  if (rule.ties === "out" && k > 0 && k < n && ranked[k - 1] === ranked[k]) {
    k = ranked.indexOf(ranked[k]);
  }
  return k > 0 ? sign * ranked[k - 1] : -sign * Infinity;
}

function lineOfPool(ascending, pool, share, rule) {
  if (ascending.length === 0) return NaN;
  if (rule.percentile === null) return lineByCount(ascending, pool, share, rule);
  const from = rule.side === "lowest" ? share : 1 - share;
  return settle(quantile(ascending, from, rule.percentile));
}
