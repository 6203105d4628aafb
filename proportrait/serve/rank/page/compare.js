// Two photos of the ranking side by side.

import { byId, h } from "/page/dom.js";
import { photoPath } from "./api.js";
import { picture } from "./images.js";
import { TITLES, frame, kindWord, meter } from "./parts.js";

const CLOSE = 5; // of 100: a smaller difference is none

export function compare(folder, left, right, closed) {
  const names = Object.keys(TITLES).filter((name) => name in left.parts || name in right.parts);
  const row = (title, ...cells) => h("tr", { role: "row" }, h("th", { scope: "row", role: "rowheader" }, title), ...cells);
  byId("pair").replaceChildren(h("table", { role: "table" }, // narrow windows lay it out anew, which takes the roles away
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, h("td", { role: "cell" }), head(folder, left, right), head(folder, right, left))),
    h("tbody", { role: "rowgroup" },
      ...names.map((name) => row(TITLES[name], cell(left.parts[name], right.parts[name]), cell(right.parts[name], left.parts[name]))),
      row("In words", words(left), words(right)))));
  const dialog = byId("compare");
  dialog.addEventListener("close", closed, { once: true });
  dialog.showModal();
}

function head(folder, row, other) {
  const isBetter = row.score > other.score;
  return h("th", { scope: "col", role: "columnheader", class: isBetter ? "better" : "" },
    h("span", { class: "preview" }, picture(photoPath(folder, row.photo, "large"), `Photo ${row.name}`), frame(row.box)),
    h("span", { class: "name" }, row.name),
    h("span", { class: "overall" }, h("strong", {}, String(Math.round(row.score))), ` of 100, ${kindWord(row.kind)}`,
      isBetter ? h("span", { class: "badge" }, "better") : null));
}

function cell(value, other) {
  if (value === undefined) return h("td", { role: "cell", class: "unknown" }, "not weighed");
  const isBetter = value - (other ?? value) >= CLOSE;
  return h("td", { role: "cell", class: isBetter ? "good better" : "unknown" }, h("span", { class: "mark" }, String(Math.round(value))),
    isBetter ? h("span", { class: "unseen" }, "better") : null, meter(value));
}

const words = (row) => h("td", { role: "cell" }, row.reasons.join(", ") || "–");
