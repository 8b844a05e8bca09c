"use strict";
/* A verdict for each school, from proofs and draws; see verdicts.js. */

const VERDICTS = ["certain", "possible", "never", "undecided", "cannot be judged"];

function judged(engine, settings, p, many) {
  const found = weighed(engine);
  if (found.why) return found;
  const weights = found.node.weights.map((w) => settings[w.s]);
  const total = weights.reduce((a, b) => a + b, 0);
  if (!(total > 0)) return { why: "all weights of the index are 0" };
  const shares = weights.map((w) => w / total);
  const corners = cornersOf(shares, p);
  const bounds = ranges(engine, found, corners);
  const split = new Set(engine.whole.filter((whole, row) => whole !== row));
  bounds.single = Float64Array.from(engine.whole, (whole, row) => Number(whole === row && !split.has(row)));
  const proved = found.line
    ? provedByCount(engine, settings, found, bounds, corners)
    : provedByNumber(engine, settings, bounds);
  const { on, open } = lists(engine);
  const draws = drawsOf(corners, shares, many);
  const times = shownBy(engine, settings, found, draws);
  const may = mayBeNamed(engine);
  const verdict = new Array(engine.rows).fill("");
  const now = new Set(on);
  engine.whole.forEach((whole, row) => {
    if (whole !== row) return;
    const sure = bounds.sure && !Number.isNaN(bounds.low[row]) ? proved(row) : {};
    verdict[row] = verdictOf({ may: may[row], sure, times: times[row], draws: draws.length, on: now.has(row) });
  });
  open.forEach((row) => { verdict[row] = "cannot be judged"; });
  return { verdict, draws: draws.length, corners: corners.length };
}

function verdictOf({ may, sure, times, draws, on }) {
  if (!may) return "never";
  if (times > 0 && times < draws) return "possible";
  if (sure.always && on) return "certain";
  if (sure.never && !on) return "never";
  return "undecided";
}

function isSingle(engine, row) {
  return engine.whole[row] === row && !engine.whole.some((w, i) => w === row && i !== row);
}

/* Whole schools that no pool and no list with precedence keeps off the list. */
function mayBeNamed(engine) {
  const node = engine.nodes[engine.program.list];
  const among = node.among.map((ref) => valuesOf(engine, ref.node));
  const unless = node.unless.map((ref) => valuesOf(engine, ref.node));
  return Array.from(engine.whole, (whole, row) => whole === row
    && among.every((pool) => pool[row] !== 0) && !unless.some((list) => list[row] === 1));
}

function counted(verdict) {
  const found = new Map(VERDICTS.map((word) => [word, 0]));
  verdict.forEach((word) => { if (word) found.set(word, found.get(word) + 1); });
  return found;
}
