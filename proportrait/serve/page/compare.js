// Two photos side by side.

import { meter, picture } from "./card.js";
import { byId, h } from "./dom.js";
import { advice, keys, state, summary, title, words } from "./verdict.js";

export function compare(left, right, closed) {
  byId("pair").replaceChildren(
    h("table", {},
      h("thead", {}, h("tr", {}, h("td", {}), head(left, right), head(right, left))),
      h("tbody", {}, ...keys.map((key) => h("tr", {}, h("th", { scope: "row" }, title(key)),
        cell(left.score, right.score, key), cell(right.score, left.score, key))),
        h("tr", {}, h("th", { scope: "row" }, "First"), first(left), first(right)))));
  const dialog = byId("compare");
  dialog.addEventListener("close", closed, { once: true });
  dialog.showModal();
}

function head(photo, other) {
  const better = (photo.score.overall ?? -1) > (other.score.overall ?? -1);
  return h("th", { scope: "col", class: better ? "better" : "" },
    picture(photo),
    h("span", { class: "name" }, photo.name),
    h("span", { class: "overall" }, h("strong", {}, String(photo.score.overall ?? "–")),
      ` of 100, ${summary(photo.score)}`, better ? h("span", { class: "badge" }, "better") : null));
}

function cell(score, other, key) {
  const mark = score.marks[key];
  return h("td", { class: `${state(score, key)}${mark > other.marks[key] ? " better" : ""}` },
    h("span", { class: "mark" }, String(mark ?? "–")), meter(mark),
    h("span", { class: "word" }, words(score, key)));
}

const first = (photo) => h("td", {}, advice(photo.score)[0] ?? "Nothing to do.");
