// The ranking: rows that follow the weights at once.

import { byId, h, tell } from "/page/dom.js";
import * as api from "./api.js";
import { Card } from "./card.js";
import { compare } from "./compare.js";
import { faceButton } from "./faces.js";
import * as photo from "./photo.js";
import { place, rove, settle } from "/page/roving.js";

const PAGE = 24, MOST = 96; // rows at first, and that are ranked anew at once
const ASKED_MS = 1500; // between two looks at what a taste says
const CLOSE = 0.05; // above the limit of similarity: it may be another person
const list = byId("rows"), more = byId("more-rows");
let cards = new Map(), rows = [], picked = [], question = null, wanted = null, report = null;
let running = null, answer = null, timer = null;

export function setUp(reports) {
  report = reports;
  rove(list, ".open");
  rove(byId("near"), ".tile");
  more.addEventListener("click", grow);
  photo.setUp({
    step: (row, by) => rows[rows.findIndex(({ photo: id }) => id === row.photo) + by],
    add: (row) => report.added({ key: row.face, name: row.name }),
    person: () => report.person(),
    refuse,
  });
}

/** Ask no more. */
export function rest() {
  clearTimeout(timer);
}

/** Rank for a question; a later one takes the place of one that waits. */
export function ask(next, isNew) {
  clearTimeout(timer);
  if (isNew) {
    cards = new Map();
    rows = picked = [];
    list.replaceChildren();
    byId("count").textContent = "Ranking …";
  }
  question = wanted = next;
  running ??= run();
  return running;
}

async function run() {
  while (wanted) {
    const own = wanted;
    wanted = null;
    try {
      const result = await api.ranking({ ...own, offset: 0, count: Math.min(MOST, Math.max(PAGE, rows.length)) });
      if (!wanted) show(result);
    } catch (error) {
      if (!wanted) report.failed(error.message);
    }
  }
  running = null;
}

async function grow() {
  const before = rows.length;
  try {
    const result = await api.ranking({ ...question, offset: before, count: PAGE });
    if (rows.length !== before) return; // ranked anew meanwhile
    show({ ...answer, rows: [...rows, ...result.rows] });
    cards.get(rows[before]?.photo)?.open.focus();
    tell(`${result.rows.length} more photos.`);
  } catch (error) {
    report.failed(error.message);
  }
}

function show(result) {
  answer = result;
  rows = result.rows;
  for (const row of rows) {
    row.isClose = row.similarity < question.similarity + CLOSE;
    if (!cards.has(row.photo)) cards.set(row.photo, new Card(question.folder, row, actions));
    cards.get(row.photo).draw(row, isPicked(row));
  }
  place(list, rows.map((row) => cards.get(row.photo).element));
  settle(list, ".open");
  const doubles = result.photos - result.total;
  const count = `${result.total.toLocaleString()} photo${result.total === 1 ? "" : "s"}${doubles ? `, and ${doubles.toLocaleString()} near-duplicate${doubles === 1 ? "" : "s"} under them` : ""}`;
  byId("count").textContent = count;
  byId("nobody").hidden = result.total > 0;
  if (!result.total) byId("nearest").open = true;
  byId("nobody").textContent = "No photo matches. Lower “Similarity of at least”, or add a second face of the person.";
  more.hidden = rows.length >= result.total;
  near(result.nearest);
  report.shown(result);
  clearTimeout(timer);
  if (result.taste?.waiting) timer = setTimeout(() => ask(question, false), ASKED_MS);
  tell(rows.length ? `${count}. First: ${rows[0].name}, ${Math.round(rows[0].score)} of 100.` : "No photo matches.");
}

function near(faces) {
  byId("nearest").hidden = !faces.length;
  byId("near").replaceChildren(...faces.map(({ face, name, similarity }) => faceButton(
    api.facePath(question.folder, face), `Face in ${name}, similarity ${similarity.toFixed(2)}: it is the person`, name,
    () => report.added({ key: face, name }), h("span", { class: "word" }, similarity.toFixed(2)))));
  settle(byId("near"), ".tile");
}

const isPicked = (row) => picked.some(({ photo: id }) => id === row.photo);

const actions = {
  person: () => report.person(),
  refuse,
  open: (row, isLikes = false) => photo.open(question.folder, row, isLikes),
  pick(row) {
    picked = isPicked(row) ? picked.filter(({ photo: id }) => id !== row.photo) : [...picked, row];
    redraw([row]);
    if (picked.length === 1) tell(`${picked[0].name} is one of two to compare.`);
    if (picked.length < 2) return;
    const pair = picked.map((entry) => rows.find(({ photo: id }) => id === entry.photo) ?? entry);
    picked = [];
    compare(question.folder, ...pair, () => {
      redraw(pair);
      cards.get(row.photo)?.text.querySelector("[data-name=pick]")?.focus();
    });
  },
};

/** Take a face from the person; the focus goes to the photo that comes into its place. */
async function refuse(row) {
  const number = rows.findIndex(({ photo: id }) => id === row.photo);
  await report.refused(row);
  (cards.get(rows[Math.min(number, rows.length - 1)]?.photo)?.open ?? byId("back")).focus();
}

function redraw(some) {
  for (const { photo: id } of some) {
    const row = rows.find((entry) => entry.photo === id);
    if (row) cards.get(id).draw(row, isPicked(row));
  }
}

/** Go to the first photo. */
export function focus() {
  list.querySelector(".open")?.focus({ preventScroll: true });
}

/** Whether a key was for the card that has the focus. */
export function key(letter) {
  const row = document.activeElement?.closest?.(".shot")?.card.row;
  if (!row) return false;
  if (letter === "c") actions.pick(row);
  else if (letter === "l") actions.open(row, true);
  else if (letter === "x" && report.person()) refuse(row);
  else return false;
  return true;
}
