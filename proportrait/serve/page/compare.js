// Two photos side by side.

import { settings } from "./api.js";
import { meter, picture } from "./card.js";
import { byId, h } from "./dom.js";
import { advice, keys, state, summary, title } from "./verdict.js";

export function compare(left, right, closed) {
  byId("pair").replaceChildren(
    h("table", { role: "table" }, // narrow windows lay it out anew, which takes the roles away
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, h("td", { role: "cell" }), head(left, right), head(right, left))),
      h("tbody", { role: "rowgroup" }, ...keys.map((key) => h("tr", { role: "row" }, h("th", { scope: "row", role: "rowheader" }, title(key)),
        cell(left.score, right.score, key), cell(right.score, left.score, key))),
        h("tr", { role: "row" }, h("th", { scope: "row", role: "rowheader" }, "First"), first(left), first(right)))));
  const dialog = byId("compare");
  dialog.addEventListener("close", closed, { once: true });
  dialog.showModal();
}

function head(photo, other) {
  const better = (photo.score.overall ?? -1) > (other.score.overall ?? -1);
  return h("th", { scope: "col", role: "columnheader", class: better ? "better" : "" },
    picture(photo),
    h("span", { class: "name" }, photo.name),
    h("span", { class: "overall" }, h("strong", {}, String(photo.score.overall ?? "–")),
      ` of 100, ${summary(photo.score)}`, better ? h("span", { class: "badge" }, "better") : null));
}

function cell(score, other, key) {
  const mark = score.marks[key];
  return h("td", { role: "cell", class: `${state(score, key)}${mark - other.marks[key] >= settings.close ? " better" : ""}` },
    h("span", { class: "mark" }, String(mark ?? "–")), h("span", { class: "word" }, score.words[key]),
    meter(mark));
}

const first = (photo) => h("td", { role: "cell" }, advice(photo.score)[0] ?? "Nothing to do.");
