// Faces to click: those of the folder, or of a photo that somebody chose.

import { byId, h, tell } from "/page/dom.js";
import * as api from "./api.js";
import { picture } from "./images.js";
import { rove, settle } from "/page/roving.js";

const PAGE = 60;
const grid = byId("faces"), more = byId("more-faces");
let folder = 0, isLoose = false, rows = [], report = null, turn = 0, isMore = false;

/** `chosen` gets { key, name } of a face, `added` of one more of the same person, `failed` a text. */
export function setUp(reports) {
  report = reports;
  more.addEventListener("click", () => load(rows.length));
  rove(grid, ".tile");
  rove(byId("candidates"), ".tile");
  for (const id of ["choose", "add"]) {
    byId(id).addEventListener("click", () => {
      isMore = id === "add";
      byId("file").click();
    });
  }
  byId("file").addEventListener("change", ({ target }) => {
    if (target.files.length) take(target.files[0], isMore);
    target.value = "";
  });
}

/** Show the faces of a folder, or those without a person. */
export async function open(number, isOfNobody) {
  if (number !== folder || isOfNobody !== isLoose) {
    rows = [];
    grid.replaceChildren();
  }
  folder = number;
  isLoose = isOfNobody;
  if (!rows.length) await load(0);
}

/** Go to a face, or to the first one. */
export function focus(face) {
  const row = rows.find((entry) => entry.face === face) ?? rows[0];
  (row?.element ?? byId("choose")).focus();
}

/** There are more faces than before: show them, unless somebody is looking further down. */
export async function renew() {
  if (rows.length <= PAGE && !grid.contains(document.activeElement)) await load(0);
}

async function load(offset) {
  const own = (turn += 1);
  try {
    const page = await api.faces(folder, offset, PAGE, isLoose);
    if (own !== turn) return;
    const known = new Map(rows.map((row) => [row.face, row]));
    const fresh = page.faces.map((row) => known.get(row.face) ?? { ...row, element: tile(row) });
    rows = offset ? [...rows, ...fresh.filter((row) => !known.has(row.face))] : fresh;
    grid.replaceChildren(...rows.map((row) => row.element));
    settle(grid, ".tile");
    more.hidden = page.is_last;
    byId("faces-count").textContent = page.total ? "The largest and best first." : "No face yet.";
    if (offset && fresh.length) {
      fresh[0].element.focus();
      tell(`${fresh.length} more faces.`);
    }
  } catch (error) {
    if (own === turn) report.failed(error.message);
  }
}

function tile({ face, name }) {
  return faceButton(api.facePath(folder, face), `Face in ${name}`, name, () => report.chosen({ key: face, name }));
}

/** A button with a face of the folder. */
export function faceButton(path, label, title, onclick, ...more) {
  return h("button", { type: "button", class: "tile", title, onclick, "aria-label": label }, picture(path, ""), ...more);
}

/** Find the faces of a photo, and ask which of them is meant where there are several. */
export async function take(file, isAdded = false) {
  tell("Looking for faces in your photo.");
  document.body.classList.add("waiting");
  try {
    const faces = await api.references(file);
    const people = faces.map(({ reference, jpeg }) => ({ key: reference, name: file.name || "your photo", jpeg }));
    const use = isAdded ? report.added : report.chosen;
    if (people.length === 1) use(people[0]);
    else ask(people, use);
  } catch (error) {
    report.failed(`${file.name || "The photo"}: ${error.message}`);
  } finally {
    document.body.classList.remove("waiting");
  }
}

function ask(people, use) {
  const dialog = byId("which-face");
  byId("which-face-text").textContent = `${people[0].name} shows ${people.length} faces. Whose photos do you look for?`;
  byId("candidates").replaceChildren(...people.map((person, place) => h("button", {
    type: "button", class: "tile", "aria-label": `Face ${place + 1} of ${people.length}`,
    onclick: () => {
      dialog.close();
      use(person);
    },
  }, h("img", { src: api.address(person.jpeg), alt: "", class: "loaded" }))));
  settle(byId("candidates"), ".tile");
  dialog.showModal();
  byId("candidates").firstChild.focus();
}
