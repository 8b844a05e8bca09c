"use strict";
/* How are texts, tables and points put on the page? Texts only as text, never as markup. */

function make(tag, words = {}, ...inside) {
  const found = document.createElement(tag);
  Object.entries(words).forEach(([word, said]) => {
    if (said === true) found.setAttribute(word, "");
    else if (said !== false && said !== null && said !== undefined) found.setAttribute(word, said);
  });
  inside.flat().forEach((one) => found.append(one));
  return found;
}

/* Whoever stood on something that is made anew stands on it again, by its id or its data-key. */
function inPlace(held, act) {
  const stood = document.activeElement;
  const key = held.contains(stood) && stood !== held ? stood.id || stood.dataset.key : null;
  act();
  if (key === null || held.contains(document.activeElement)) return;
  const again = [...held.querySelectorAll("[id], [data-key]")].find((one) => (one.id || one.dataset.key) === key);
  if (again && !again.disabled) again.focus({ preventScroll: true });
  else document.getElementById("list").focus({ preventScroll: true });
}

function put(place, ...inside) {
  const held = document.getElementById(place);
  inPlace(held, () => held.replaceChildren(...inside.flat()));
}

function written(x, places = 1) {
  if (x === null || Number.isNaN(x)) return "\u2013";
  if (!Number.isFinite(x)) return x > 0 ? "above all" : "below all";
  const text = x.toLocaleString("en-US", { minimumFractionDigits: 0, maximumFractionDigits: places });
  return text.replace("-", "\u2212");
}

function many(count, one, more) {
  return `${written(count, 0)} ${count === 1 ? one : more}`;
}

/* Column heads and rows; the first cell of a row is its head. */
function tableOf(caption, heads, rows) {
  const head = heads.map((h) => make("th", { scope: "col", class: h.text ? "text" : null }, h.label));
  const body = rows.map((row) => make("tr", { class: row.mark || null }, row.cells.map((cell, j) => {
    const text = heads[j].text ? "text" : null;
    return j === 0 ? make("th", { scope: "row", class: text }, cell) : make("td", { class: text }, cell);
  })));
  return make(
    "table",
    {},
    make("caption", { class: "unseen" }, caption),
    make("thead", {}, make("tr", {}, head)),
    make("tbody", {}, body),
  );
}

/* As wide as there is room, so that letters stay as large as the text around. */
function sizeFor(room) {
  const width = Math.min(Math.max(room, 260), 760);
  return { width, height: Math.max(240, width * 0.6), left: 48, right: 16, top: 12, bottom: 46 };
}

function drawnAs(tag, words, text = null) {
  const found = document.createElementNS("http://www.w3.org/2000/svg", tag);
  Object.entries(words).forEach(([word, said]) => found.setAttribute(word, said));
  if (text !== null) found.textContent = text;
  return found;
}

function ends(values) {
  let [low, high] = [Infinity, -Infinity];
  values.forEach((v) => {
    if (v < low) low = v;
    if (v > high) high = v;
  });
  if (!Number.isFinite(low)) return [0, 1];
  return low === high ? [low - 1, high + 1] : [low, high];
}

function ticks([low, high]) {
  const raw = (high - low) / 5;
  const scale = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * scale).find((s) => s >= raw);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + 1e-9; at += step) found.push(at);
  return found;
}

function scales(points, size) {
  const [xs, ys] = [ends(points.map((p) => p.x)), ends(points.map((p) => p.y))];
  const wide = size.width - size.left - size.right;
  const tall = size.height - size.top - size.bottom;
  return {
    xs,
    ys,
    x: (v) => size.left + ((v - xs[0]) / (xs[1] - xs[0])) * wide,
    y: (v) => size.height - size.bottom - ((v - ys[0]) / (ys[1] - ys[0])) * tall,
  };
}

function axes(scale, labels, size) {
  const [bottom, left] = [size.height - size.bottom, size.left];
  const lines = [`M${left} ${size.top}V${bottom}H${size.width - size.right}`];
  return [
    drawnAs("path", { d: lines.join(""), fill: "none", stroke: "#5b6875" }),
    ...ticks(scale.xs).map((v) => drawnAs("text", { x: scale.x(v), y: bottom + 18, "text-anchor": "middle" }, written(v, 2))),
    ...ticks(scale.ys).map((v) => drawnAs("text", { x: left - 8, y: scale.y(v) + 4, "text-anchor": "end" }, written(v, 2))),
    drawnAs("text", { x: size.width - size.right, y: size.height - 6, "text-anchor": "end" }, `${labels[0]} \u2192`),
    drawnAs("text", { x: left + 8, y: size.top + 8 }, `\u2191 ${labels[1]}`),
  ];
}

const CIRCLE = (x, y) => `M${x - 3.5} ${y}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0`;
const DIAMOND = (x, y) => `M${x} ${y - 6.5}l6.5 6.5l-6.5 6.5l-6.5 -6.5z`;

function scatter(points, labels, told, room) {
  const size = sizeFor(room);
  const scale = scales(points, size);
  const path = (some, shape) => some
    .map((p) => shape(scale.x(p.x).toFixed(1) * 1, scale.y(p.y).toFixed(1) * 1)).join("");
  const svg = drawnAs("svg", { viewBox: `0 0 ${size.width} ${size.height}`, role: "img", "aria-label": told });
  const [named, others] = [points.filter((p) => p.named), points.filter((p) => !p.named)];
  svg.append(
    ...axes(scale, labels, size),
    drawnAs("path", { d: path(others, CIRCLE), fill: "none", stroke: "#4a6a8a", "stroke-width": 1.2 }),
    drawnAs("path", { d: path(named, DIAMOND), fill: "#b45f06", stroke: "#fff", "stroke-width": 1 }),
  );
  return svg;
}

function correlation(points) {
  const n = points.length;
  const mean = (word) => points.reduce((sum, p) => sum + p[word], 0) / n;
  const [mx, my] = [mean("x"), mean("y")];
  let [xy, xx, yy] = [0, 0, 0];
  points.forEach((p) => {
    xy += (p.x - mx) * (p.y - my);
    xx += (p.x - mx) ** 2;
    yy += (p.y - my) ** 2;
  });
  return xy / Math.sqrt(xx * yy);
}
