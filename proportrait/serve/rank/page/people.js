// People to click: a tile each; names, joins, splits, and the way back.

import { byId, h } from "/page/dom.js";
import * as api from "./api.js";
import { picture } from "./images.js";
import { place, rove, settle } from "/page/roving.js";

const PAGE = 120, FRESH_MS = 10_000;
const KIND = "application/x-person"; // of what is dragged
const ACTS = { name: "name", merge: "join", split: "“not this person”" };
const list = byId("tiles"), more = byId("more-tiles");
let folder = 0, report = null, people = [], undo = null, tiles = new Map(), wanted = PAGE, fading = null;

export const called = (person) => person.name || `Person ${person.id}`;
const many = (count) => `${count.toLocaleString()} photo${count === 1 ? "" : "s"}`;

/** `chosen` gets a person, `renewed` the version of the list after a decision, `failed` a text. */
export function setUp(reports) {
  report = reports;
  rove(list, ".tile");
  more.addEventListener("click", () => {
    const before = wanted;
    wanted += PAGE;
    draw();
    tiles.get(people[before]?.id)?.link.focus();
  });
  byId("join").addEventListener("click", () => join(marked()));
  byId("unmark").addEventListener("click", unmark);
  byId("undo").addEventListener("click", takeBack);
}

/** Ask the server who is there. */
export async function load(number) {
  if (number !== folder) {
    tiles = new Map();
    wanted = PAGE;
    byId("decided-text").textContent = "";
  }
  folder = number;
  show(await api.people(number));
}

export const find = (id) => people.find((person) => person.id === id);

function show(answer) {
  people = answer.people;
  undo = answer.undo;
  const known = new Set(people.map(({ id }) => id));
  [...tiles.keys()].filter((id) => !known.has(id)).forEach((id) => tiles.delete(id));
  byId("undo").hidden = !undo;
  byId("undo").textContent = undo ? `Undo the last ${ACTS[undo]}` : "";
  draw();
}

function draw() {
  const rows = people.slice(0, wanted);
  rows.forEach((person) => {
    if (!tiles.has(person.id)) tiles.set(person.id, new Tile());
    tiles.get(person.id).draw(person);
  });
  place(list, rows.map(({ id }) => tiles.get(id).element));
  settle(list, ".tile");
  more.hidden = people.length <= wanted;
  byId("nobody-known").hidden = people.length > 0;
  bar();
}

class Tile {
  constructor() {
    this.box = h("input", { type: "checkbox", onchange: bar });
    this.link = h("a", { class: "tile", onclick: (event) => this.open(event) });
    this.name = new Name((text) => rename(this.person, text));
    this.amount = h("span", { class: "hint" });
    this.element = h("li", { class: "person" }, this.link, h("label", { class: "mark-it" }, this.box),
      h("div", { class: "words" }, this.name.element, this.amount));
    for (const [type, act] of Object.entries(DRAG)) this.element.addEventListener(type, (event) => act(event, this));
  }

  draw(person) {
    if (this.person?.face !== person.face) this.link.replaceChildren(picture(api.facePath(folder, person.face), ""));
    this.person = person;
    this.link.href = `?folder=${folder}&person=${person.id}`;
    this.link.setAttribute("aria-label", `${called(person)}, ${many(person.photos)}`);
    this.box.setAttribute("aria-label", `Mark ${called(person)}`);
    this.name.draw(person);
    this.amount.textContent = many(person.photos);
  }

  open(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
    event.preventDefault();
    report.chosen(this.person);
  }
}

/** A name that is changed where it stands; `save` gets the text. */
export class Name {
  constructor(save) {
    this.save = save;
    this.button = h("button", { type: "button", class: "called", onclick: () => this.edit() });
    this.element = h("span", { class: "name-of" }, this.button);
  }

  draw(person) {
    this.person = person;
    this.button.replaceChildren(called(person), h("span", { class: "unseen" }, person.name ? ": change the name" : ": give a name"));
    this.button.classList.toggle("nameless", !person.name);
  }

  edit() {
    const input = h("input", { "aria-label": `Name of ${called(this.person)}`, maxlength: "100", value: this.person.name ?? "", placeholder: "Name", autocomplete: "off", spellcheck: "false" });
    const before = input.value;
    let isDone = false;
    const end = (isKept, isBack) => {
      if (isDone) return;
      isDone = true;
      this.element.replaceChildren(this.button);
      if (isBack) this.button.focus();
      if (isKept && input.value.trim() !== before) this.save(input.value.trim());
    };
    input.addEventListener("blur", () => end(true, false));
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (!["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault(); // Enter would press what has the focus next
      end(event.key === "Enter", true);
    });
    this.element.replaceChildren(input);
    input.focus();
    input.select();
  }
}

const DRAG = {
  dragstart(event, tile) {
    event.dataTransfer.setData(KIND, String(tile.person.id));
    event.dataTransfer.effectAllowed = "move";
    tile.element.classList.add("dragged");
  },
  dragover(event, tile) {
    if (!event.dataTransfer.types.includes(KIND) || tile.element.classList.contains("dragged")) return;
    event.preventDefault();
    tile.element.classList.add("over");
  },
  dragleave: (event, tile) => tile.element.classList.remove("over"),
  dragend: (event, tile) => tile.element.classList.remove("dragged"),
  drop(event, tile) {
    tile.element.classList.remove("over");
    const other = find(Number(event.dataTransfer.getData(KIND)));
    if (!other || other.id === tile.person.id) return;
    event.preventDefault();
    join([tile.person, other]);
  },
};

/** The marked people: those with a name first, then as they are listed. */
function marked() {
  const chosen = people.filter(({ id }) => tiles.get(id)?.box.checked);
  return [...chosen.filter(({ name }) => name), ...chosen.filter(({ name }) => !name)];
}

function unmark() {
  tiles.forEach(({ box }) => (box.checked = false));
  bar();
  focus();
}

function bar() {
  const chosen = marked();
  byId("marked").hidden = !chosen.length;
  byId("join").disabled = chosen.length < 2;
  byId("marked-text").textContent = chosen.length === 1 ? `${called(chosen[0])} is marked. Mark who is the same person.`
    : `${chosen.length} people are marked.`;
}

async function decide(act, body, text) {
  try {
    const answer = await api.decide(folder, act, body);
    show(answer);
    byId("decided-text").textContent = text;
    byId("decided").classList.add("fresh"); // in sight wherever the page is scrolled to
    clearTimeout(fading);
    fading = setTimeout(() => byId("decided").classList.remove("fresh"), FRESH_MS);
    await report.renewed(answer.version);
    return true;
  } catch (error) {
    report.failed(error.message);
    draw(); // names as they were
    return false;
  }
}

/** Several people are the first of them. */
async function join([first, ...others]) {
  const text = `${others.map(called).join(", ")} joined ${called(first)}.`;
  if (!(await decide("merge", { people: [first, ...others].map(({ id }) => id) }, text))) return;
  tiles.forEach(({ box }) => (box.checked = false));
  bar();
  tiles.get(first.id)?.link.focus();
}

/** Give a name; one that somebody has may mean that they are the same. */
export function rename(person, name) {
  const same = people.find((other) => other.id !== person.id && name && other.name?.toLowerCase() === name.toLowerCase());
  if (!same) return decide("name", { person: person.id, name }, name ? `${called(person)} is ${name}.` : `${called(person)} has no name now.`);
  byId("same-text").textContent = `${same.name} is there already, with ${many(same.photos)}. Is this ${same.name} too?`;
  byId("same-join").onclick = () => {
    byId("same").close();
    join([same, person]);
  };
  byId("same").showModal();
  return null;
}

/** A face is not the person's. */
export const part = (person, face) => decide("split", { person: person.id, faces: [face] }, `One face is not ${called(person)} any more.`);

/** Take the last decision back. */
export async function takeBack() {
  if (!undo) return;
  await decide("undo", {}, `The last ${ACTS[undo]} is undone.`);
  if (byId("undo").hidden) focus();
}

/** Go to a person, or to the first one. */
export function focus(id) {
  (tiles.get(id) ?? tiles.get(people[0]?.id))?.link.focus();
}

/** Whether a key was for the tile that has the focus. */
export function key(letter) {
  const tile = [...tiles.values()].find(({ element }) => element.contains(document.activeElement));
  if (letter === "j" && marked().length > 1) join(marked());
  else if (!tile) return false;
  else if (letter === "n") tile.name.edit();
  else if (letter === "m") {
    tile.box.checked = !tile.box.checked;
    bar();
  } else return false;
  return true;
}
