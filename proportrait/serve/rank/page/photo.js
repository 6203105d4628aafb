// One photo of the ranking, large, with what looks like it.

import { byId, h } from "/page/dom.js";
import { photoPath } from "./api.js";
import { picture } from "./images.js";
import { frame, kindWord, partsList, tasteNote } from "./parts.js";
import { rove, settle } from "/page/roving.js";

const dialog = byId("photo"), body = byId("photo-body");
let folder = 0, row = null, report = null;

/** `step(row, by)` gives a row before or behind, `add` gets one whose face is the person's too,
 * `refuse` one whose face is not, `person()` gives the name, or null. */
export function setUp(reports) {
  report = reports;
  byId("previous").addEventListener("click", () => go(-1));
  byId("next").addEventListener("click", () => go(1));
  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest(".strip")) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) go(by);
  });
}

export function open(number, chosen, isLikes) {
  folder = number;
  show(chosen);
  dialog.showModal();
  const likes = body.querySelector(".strip");
  if (isLikes && likes) {
    likes.scrollIntoView({ block: "nearest" });
    likes.querySelector("button")?.focus();
  } else {
    byId("next").focus();
  }
}

function go(by) {
  const other = report.step(row, by);
  if (other) show(other);
}

function show(chosen) {
  row = chosen;
  byId("photo-title").textContent = `${row.rank}. ${row.name}`;
  const stage = h("div", { class: "stage" });
  const best = { photo: row.photo, name: row.name, score: row.score, box: row.box };
  view(stage, best);
  body.replaceChildren(h("div", { class: "large" }, stage, h("div", { class: "text" },
    h("p", { class: "overall" }, h("strong", {}, String(Math.round(row.score))), h("span", {}, `of 100, ${kindWord(row.kind)}, similarity ${row.similarity.toFixed(2)}`)),
    h("p", {}, row.reasons.join(", ")),
    tasteNote(row) ? h("p", { class: "hint" }, tasteNote(row)) : null,
    partsList(row),
    h("p", { class: "buttons" }, h("button", { type: "button", onclick: () => {
      dialog.close();
      report.add(row);
    } }, "Search with this face too"), refusal()))),
    ...likes(stage, best));
  byId("previous").disabled = !report.step(row, -1);
  byId("next").disabled = !report.step(row, 1);
}

/** The button that takes the face from the person. */
function refusal() {
  const name = report.person();
  return name ? h("button", { type: "button", onclick: () => {
    dialog.close();
    report.refuse(row);
  } }, `Not ${name}`) : null;
}

function view(stage, { photo, name, box }) {
  stage.replaceChildren(h("span", { class: "preview" }, picture(photoPath(folder, photo, "large"), `Photo ${name}`), box ? frame(box) : null));
}

/** What looks like the photo, and copies of its file. */
function likes(stage, best) {
  if (!row.similar.length && !row.copies.length) return [];
  const strip = h("div", { class: "strip", role: "group", "aria-label": "Photos like this one" });
  const all = [best, ...row.similar];
  strip.append(...all.map((entry) => {
    const button = h("button", {
      type: "button", class: "tile", "aria-pressed": String(entry === best), title: entry.name,
      "aria-label": `${entry.name}, ${Math.round(entry.score)} of 100`,
      onclick: () => {
        view(stage, entry);
        strip.querySelectorAll("button").forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      },
    }, picture(photoPath(folder, entry.photo, "small"), ""), h("span", { class: "word" }, String(Math.round(entry.score))));
    return button;
  }));
  rove(strip, ".tile");
  settle(strip, ".tile");
  const copies = row.copies.length ? h("p", { class: "hint" }, `The same file again: ${row.copies.join(", ")}.`) : null;
  return [row.similar.length ? h("h3", {}, "Photos like it, which are no better") : null, row.similar.length ? strip : null, copies].filter((part) => part);
}
