// The page: which folder, which person, and how far the index is.

import { byId, h, sentence, tell } from "/page/dom.js";
import { takeDrops } from "/page/drop.js";
import { isForPage } from "/page/help.js";
import * as api from "./api.js";
import * as faces from "./faces.js";
import { forget, picture } from "./images.js";
import * as data from "./data.js";
import * as people from "./people.js";
import { showPlace } from "./place.js";
import * as ranking from "./ranking.js";
import * as takeaway from "./takeaway.js";
import * as weights from "./weights.js";

const POLL_MS = 1000, REST_MS = 10_000; // while photos are indexed; else
const MOST = 20; // faces of one person
const TITLE = document.title;
const VIEWS = { people: "People", loose: "Faces without a person", all: "All faces" };
const NOBODY = { person: null, people: [] };
let state = null, here = { folder: 0, ...NOBODY }, timer = null, isLost = false, view = null, version = null;

const folder = () => state.folders[here.folder];
const isRanking = () => here.person !== null || here.people.length > 0;
const person = () => (here.person === null ? null : people.find(here.person) ?? { id: here.person, name: null });
const question = () => ({ folder: here.folder, person: here.person, people: here.people.map(({ key }) => key), ...weights.question() });
const address = () => (here.person === null ? location.pathname : `?folder=${here.folder}&person=${here.person}`);

/** Show a folder and a person, or its faces; `how` is a method of history, or null. */
async function go(next, how = "pushState") {
  here = next;
  if (how) history[how](here, "", address());
  problem("");
  byId("folder").value = String(here.folder);
  await draw();
  if (isRanking()) await ranking.ask(question(), true);
  else ranking.rest();
}

/** What stands around the ranking, or the people or faces to choose from. */
async function draw() {
  const { people: known, is_forgotten: isForgotten } = folder();
  const now = known && `${here.folder} ${known.version}`;
  if (now !== version) {
    version = now;
    if (known) await people.load(here.folder);
  }
  byId("chooser").hidden = isRanking() || isForgotten;
  byId("result").hidden = !isRanking();
  byId("decided").hidden = !known || (isRanking() && here.person === null);
  document.title = isRanking() ? `${here.person === null ? "Ranking" : people.called(person())} – ${TITLE}` : TITLE;
  showPlace(folder());
  if (isRanking()) who();
  else if (!isForgotten) await choose();
}

/** The people, or the faces, of the folder. */
async function choose() {
  const known = folder().people;
  const now = known ? view ?? "people" : "all";
  const focus = document.activeElement.dataset.view;
  const counts = { people: known?.count, loose: known?.loose, all: folder().faces };
  byId("views").replaceChildren(...Object.entries(VIEWS).map(([name, title]) => h("button", {
    type: "button", "data-view": name, "aria-pressed": String(name === now), disabled: counts[name] === undefined,
    onclick: () => {
      view = name;
      choose();
    },
  }, counts[name] === undefined ? title : `${title} ${counts[name].toLocaleString()}`)));
  if (focus) byId("views").querySelector(`[data-view=${focus}]`).focus();
  byId("people-view").hidden = now !== "people";
  byId("faces-view").hidden = now === "people";
  byId("faces-why").textContent = now === "loose" ? "Too small or too blurred to tell whose they are, or taken out of a person."
    : known ? "" : "People appear here when all photos are indexed.";
  if (now !== "people") await faces.open(here.folder, now === "loose");
}

function who() {
  const own = person(), name = own && new people.Name((text) => people.rename(own, text));
  name?.draw(own);
  const first = own && h("li", {}, own.face === undefined ? null : picture(api.facePath(here.folder, own.face), ""), name.element);
  byId("people").replaceChildren(...[first].filter((item) => item), ...here.people.map((person, place) => {
    const image = typeof person.key === "string" && !person.jpeg ? h("span", {}, person.name) : person.jpeg ? h("img", { src: api.address(person.jpeg), class: "loaded", alt: `Face in ${person.name}` })
      : picture(api.facePath(here.folder, person.key), `Face in ${person.name}`);
    const remove = here.people.length > 1 || own ? h("button", {
      type: "button", class: "round", "aria-label": `Leave out the face in ${person.name}`,
      onclick: () => {
        go({ ...here, people: here.people.filter((_, number) => number !== place) });
        byId("back").focus();
      },
    }, "×") : null;
    return h("li", {}, image, remove);
  }));
}

/** Somebody is chosen: a face with a key, or a person with an id. */
async function chosen(who) {
  scrollTo(0, 0);
  byId("back").focus();
  await go(who.id === undefined ? { ...here, person: null, people: [who] } : { ...here, person: who.id, people: [] });
  if ([byId("back"), document.body].includes(document.activeElement)) ranking.focus();
}

function added(person) {
  if (here.people.some(({ key }) => key === person.key)) return tell("That face is searched with already.");
  if (here.people.length >= MOST) return problem(`A person has ${MOST} faces at most.`);
  tell("That face is searched with too.");
  return go({ ...here, people: [...here.people, person] });
}

async function back() {
  const { person: id, people: [first] } = here;
  await go({ ...here, ...NOBODY });
  if (byId("people-view").hidden) faces.focus(first?.key);
  else people.focus(id);
}

/** Something was decided of people: what is listed follows. */
async function renewed(number) {
  version = `${here.folder} ${number}`;
  state = await api.state();
  if (here.person !== null && !people.find(here.person)) await go({ ...here, ...NOBODY }, "replaceState");
  else await draw();
  if (isRanking()) await ranking.ask(question(), false);
}

function failed(text) {
  problem(text);
  if (isRanking() && /drop it again|not in the folder/.test(text)) go({ ...here, ...NOBODY }, "replaceState").then(() => problem(text));
}

function problem(text) {
  byId("problem").hidden = !text;
  byId("problem").textContent = sentence(text);
}

async function poll() {
  clearTimeout(timer);
  const before = folder();
  let isIndexing = before.is_indexing;
  try {
    state = await api.state();
    const now = folder();
    if (!now) location.reload(); // another server, with fewer folders
    if (isLost) problem("");
    isLost = false;
    isIndexing = now.is_indexing;
    showPlace(now);
    const isNew = now.people?.version !== before.people?.version || now.is_forgotten !== before.is_forgotten;
    if (isNew || now.faces !== before.faces || now.ready !== before.ready) {
      if (!byId("people").querySelector("input")) await draw();
      if (isRanking()) ranking.ask(question(), false);
      else if (!byId("faces-view").hidden && !now.is_forgotten) await faces.renew();
    }
    if (before.is_indexing && !isIndexing) tell(`All photos are indexed: ${now.ready}.`);
  } catch (error) {
    isLost = true;
    if (byId("problem").hidden) problem(error.message);
  }
  timer = setTimeout(poll, isIndexing && !document.hidden ? POLL_MS : REST_MS);
}

function keys(event) {
  if (!isForPage(event)) return;
  let isDone = true;
  if (event.key === "Escape" && isRanking()) back();
  else if (event.key.toLowerCase() === "u" && !byId("decided").hidden) people.takeBack();
  else isDone = (isRanking() ? ranking : people).key(event.key.toLowerCase());
  if (isDone) event.preventDefault();
}

function take(files) {
  const [file] = [...files].filter((entry) => !entry.type || entry.type.startsWith("image/"));
  if (file) faces.take(file);
  else problem("That is no picture.");
}

async function forgotten() {
  state = await api.state();
  await go({ ...here, ...NOBODY }, "replaceState");
}

async function again() {
  try {
    forget();
    await api.update(here.folder);
    poll();
  } catch (error) {
    problem(error.message);
  }
}

/** The place that the address names. */
function linked() {
  const query = new URLSearchParams(location.search);
  if (state.start && !location.search) return { folder: 0, person: state.start.person, people: state.start.people };
  const [number, id] = ["folder", "person"].map((name) => Number(query.get(name)));
  if (!state.folders[number]) return here;
  return { folder: number, person: Number.isInteger(id) && id > 0 ? id : null, people: [] };
}

async function start() {
  state = await api.state();
  if (!state.folders.length) {
    byId("none").hidden = false;
    return;
  }
  faces.setUp({ chosen, added, failed });
  people.setUp({ chosen, renewed, failed });
  ranking.setUp({
    failed, added, person: () => person() && people.called(person()), refused: (row) => people.part(person(), row.face),
    shown({ taste }) {
      problem("");
      weights.showTaste(taste);
    },
  });
  data.setUp({ index: state.index, folder: () => ({ ...folder(), number: here.folder }), forgotten });
  weights.setUp(state, () => ranking.ask(question(), false));
  takeaway.setUp(question, state.exports);
  if (state.start) byId("top").value = state.start.top;
  byId("which").hidden = state.folders.length < 2;
  byId("folder").replaceChildren(...state.folders.map(({ name }, number) => h("option", { value: String(number) }, name)));
  byId("folder").addEventListener("change", ({ target }) => go({ folder: Number(target.value), ...NOBODY }));
  for (const id of ["again", "again-after"]) byId(id).addEventListener("click", again);
  byId("back").addEventListener("click", back);
  addEventListener("popstate", (event) => go(event.state ?? { folder: 0, ...NOBODY }, null));
  document.addEventListener("keydown", keys);
  takeDrops(take);
  const wide = matchMedia("(min-width: 62rem)");
  const unfold = () => (byId("panel").open = wide.matches);
  wide.addEventListener("change", unfold);
  unfold();
  const earlier = history.state;
  await go(earlier?.people && state.folders[earlier.folder] ? earlier : linked(), "replaceState");
  poll();
}

try {
  await start();
} catch (error) {
  problem(error.message);
}
document.body.dataset.ready = "true";
