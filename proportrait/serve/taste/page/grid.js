// A page of pictures that are marked and saved at once.

import { byId, h } from "/page/dom.js";
import * as api from "./api.js";

const PAGE = 30;
const ORDER = [null, "positive", "negative", "skip"]; // a click goes on to the next one
export const ALL_DONE = "Every picture has your answer. Sift takes away what you like; Z takes answers back.";
const tiles = byId("tiles");
// `left`: pictures without an answer; null where only some are asked about.
let rows = [], left = null, choice = null, isOpen = false, report = null;

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

/** Show pictures that have no answer, before them `again`, and none of the numbers `without`. */
async function fill(again = [], without = []) {
  rows.forEach((row) => row.image.then(api.release, () => {}));
  tiles.replaceChildren(h("p", { class: "hint" }, "Loading pictures …"));
  try {
    const held = [...again.map((row) => row.number), ...without];
    const page = await api.page({ ...choice, count: Math.max(1, PAGE - again.length), held });
    left = page.open;
    rows = [...again, ...page.questions].slice(0, Math.max(PAGE, again.length)).map(tile);
  } catch (error) {
    [rows, left] = [[], null];
    report.failed(error.message);
  }
  tiles.replaceChildren(...(rows.length ? rows.map((row) => row.element) : [h("p", { class: "hint" }, nothing())]));
  if (isOpen) rows[0]?.element.focus();
  count();
}

function nothing() {
  if (left === 0) return ALL_DONE;
  if (left !== null) return "No picture can be asked now: those without an answer cannot be read, or are not known yet.";
  return choice.way === "mistakes" ? "The model expects none of your labels to be a mistake."
    : "No picture without an answer is between these two probabilities.";
}

function tile({ number, name, value = null, way = "" }, place) {
  const row = { number, name, value: null, way };
  row.element = h("button", { type: "button", class: "tile", tabindex: place ? "-1" : "0",
    onclick: () => mark(row, ORDER[(ORDER.indexOf(row.value) + 1) % ORDER.length]) },
    h("span", { class: "unseen" }, name), h("span", { class: "word" }));
  row.image = api.picture(number, "small");
  row.image.then((image) => {
    image.alt = "";
    row.element.prepend(image);
  }, () => {
    rows = rows.filter((other) => other !== row);
    if (left !== null) left -= 1; // nobody can answer what cannot be shown
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

const others = () => (left === null ? PAGE : Math.max(0, left - rows.length));
const many = (number) => `${number.toLocaleString()} picture${number === 1 ? "" : "s"}`;

function count() {
  const marked = rows.filter((row) => row.value).length, next = Math.min(PAGE, others());
  byId("save").textContent = marked ? `Save ${marked} label${marked === 1 ? "" : "s"} (Enter)`
    : next ? `Show ${next} other${next === 1 ? "" : "s"} (Enter)` : "Mark these first";
  byId("save").disabled = !marked && !next;
  document.querySelectorAll("[data-rest], #save").forEach((button) => (button.hidden = !rows.length));
  byId("left").textContent = left === null || !rows.length ? ""
    : others() ? `${many(rows.length)} here, ${others().toLocaleString()} more without your answer.`
    : rows.length === 1 ? "This is the last picture without your answer." : `These are the last ${many(rows.length)} without your answer.`;
}

async function save() {
  const answers = rows.filter((row) => row.value).map(({ number, value }) => ({ number, value }));
  if (!answers.length && !others()) return;
  try {
    if (answers.length) {
      await api.answer(answers, "");
      report.saved(answers.length);
    }
  } catch (error) {
    return report.failed(`Not saved: ${error.message}`);
  }
  return fill([], answers.length ? [] : rows.map((row) => row.number));
}

/** Take back the last page, or the last single label, and show it again. */
export async function undo() {
  try {
    const result = await api.undo();
    if (result.undone) await fill(result.pictures); // of an import none are named
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
