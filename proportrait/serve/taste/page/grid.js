// A page of pictures that are marked and saved at once.

import { byId, h } from "/page/dom.js";
import * as api from "./api.js";

const PAGE = 30;
const ORDER = [null, "positive", "negative", "skip"]; // a click goes on to the next one
const tiles = byId("tiles");
let rows = [], choice = null, isOpen = false, report = null;

export function setUp({ failed, saved }) {
  report = { failed, saved };
  byId("save").addEventListener("click", save);
  document.querySelectorAll("[data-rest]").forEach((button) => button.addEventListener("click", () => {
    rows.filter((row) => !row.value).forEach((row) => mark(row, button.dataset.rest));
    byId("save").focus();
  }));
}

export async function open(how) {
  isOpen = true;
  const isNew = JSON.stringify(how) !== JSON.stringify(choice);
  choice = how;
  if (isNew || !rows.length) await fill();
}

export function close() {
  isOpen = false;
}

async function fill(again = []) {
  rows.forEach((row) => row.image.then(api.release, () => {}));
  tiles.replaceChildren(h("p", { class: "hint" }, "Loading pictures …"));
  try {
    const held = again.map((row) => row.number);
    const more = again.length >= PAGE ? [] : await api.questions({ ...choice, count: PAGE - again.length, held });
    rows = [...again, ...more].map(tile);
  } catch (error) {
    rows = [];
    report.failed(error.message);
  }
  tiles.replaceChildren(...(rows.length ? rows.map((row) => row.element) : [h("p", { class: "hint" }, "There is no picture left to ask.")]));
  if (isOpen) rows[0]?.element.focus();
  count();
}

function tile({ number, name, value = null, way = "" }, place) {
  const row = { number, name, value: null, way };
  row.element = h("button", { type: "button", class: "tile", tabindex: place ? "-1" : "0",
    onclick: () => mark(row, ORDER[(ORDER.indexOf(row.value) + 1) % ORDER.length]) },
    h("span", { class: "unseen" }, name), h("span", { class: "word" }));
  row.image = api.picture(number, true);
  row.image.then((image) => {
    image.alt = "";
    row.element.prepend(image);
  }, () => {
    rows = rows.filter((other) => other !== row);
    row.element.remove();
    count();
  });
  row.element.addEventListener("focus", () => {
    rows.forEach((other) => (other.element.tabIndex = other === row ? 0 : -1));
  });
  mark(row, value);
  return row;
}

function mark(row, value) {
  row.value = value;
  row.element.dataset.value = value ?? "";
  row.element.querySelector(".word").textContent = value ?? "";
  count();
}

function count() {
  const marked = rows.filter((row) => row.value).length;
  byId("save").textContent = marked ? `Save ${marked} label${marked === 1 ? "" : "s"} (Enter)` : "Show 30 others (Enter)";
}

async function save() {
  const answers = rows.filter((row) => row.value).map(({ number, value }) => ({ number, value }));
  try {
    if (answers.length) {
      await api.answer(answers, "");
      report.saved(answers.length);
    }
  } catch (error) {
    return report.failed(`Not saved: ${error.message}`);
  }
  return fill();
}

/** Take back the last page, or the last single label, and show it again. */
export async function undo() {
  try {
    const result = await api.undo();
    if (result.undone) await fill(result.pictures);
    return result;
  } catch (error) {
    report.failed(error.message);
    return null;
  }
}

/** Whether a key was for the grid. */
export function key(event) {
  const values = { 1: "negative", 2: "skip", 3: "positive" };
  const place = rows.findIndex((row) => row.element === document.activeElement);
  if (event.key === "Enter" && (place >= 0 || document.activeElement === document.body)) {
    save();
    return true;
  }
  if (values[event.key] && place >= 0) {
    mark(rows[place], values[event.key]);
    rows[Math.min(rows.length - 1, place + 1)].element.focus();
    return true;
  }
  const top = (row) => row.element.offsetTop;
  const wide = rows.filter((row) => top(row) === top(rows[0])).length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide }[event.key];
  if (!step || place < 0) return false;
  rows[Math.min(rows.length - 1, Math.max(0, place + step))].element.focus();
  return true;
}
