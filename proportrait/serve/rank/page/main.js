// The page: which folder, which person, and how far the index is.

import { byId, h, sentence, tell } from "/page/dom.js";
import { takeDrops } from "/page/drop.js";
import { isForPage } from "/page/help.js";
import * as api from "./api.js";
import * as faces from "./faces.js";
import { forget, picture } from "./images.js";
import { showPlace } from "./place.js";
import * as ranking from "./ranking.js";
import * as takeaway from "./takeaway.js";
import * as weights from "./weights.js";

const POLL_MS = 1000, REST_MS = 10_000; // while photos are indexed; else
const MOST = 20; // faces of one person
const TITLE = document.title;
let state = null, here = { folder: 0, people: [] }, timer = null, isLost = false;

const question = () => ({ folder: here.folder, people: here.people.map((person) => person.key), ...weights.question() });

/** Show a folder and a person, or its faces; `how` is a method of history, or null. */
async function go(next, how = "pushState") {
  here = next;
  if (how) history[how](here, "");
  problem("");
  const isRanking = here.people.length > 0;
  byId("chooser").hidden = isRanking;
  byId("result").hidden = !isRanking;
  byId("folder").value = String(here.folder);
  document.title = isRanking ? `Ranking – ${TITLE}` : TITLE;
  showPlace(state.folders[here.folder]);
  if (isRanking) {
    people();
    await ranking.ask(question(), true);
  } else {
    await faces.open(here.folder);
  }
}

function people() {
  byId("people").replaceChildren(...here.people.map((person, place) => {
    const image = person.jpeg ? h("img", { src: api.address(person.jpeg), class: "loaded", alt: `Face in ${person.name}` })
      : picture(api.facePath(here.folder, person.key), `Face in ${person.name}`);
    const remove = here.people.length > 1 ? h("button", {
      type: "button", class: "round", "aria-label": `Leave out the face in ${person.name}`,
      onclick: () => {
        go({ ...here, people: here.people.filter((_, number) => number !== place) });
        byId("back").focus();
      },
    }, "×") : null;
    return h("li", {}, image, remove);
  }));
}

async function chosen(person) {
  scrollTo(0, 0);
  byId("back").focus();
  await go({ ...here, people: [person] });
  if ([byId("back"), document.body].includes(document.activeElement)) ranking.focus();
}

function added(person) {
  if (here.people.some(({ key }) => key === person.key)) return tell("That face is searched with already.");
  if (here.people.length >= MOST) return problem(`A person has ${MOST} faces at most.`);
  tell("That face is searched with too.");
  return go({ ...here, people: [...here.people, person] });
}

async function back() {
  const [first] = here.people;
  await go({ ...here, people: [] });
  faces.focus(first?.key);
}

function failed(text) {
  problem(text);
  if (here.people.length && /drop it again|not in the folder/.test(text)) go({ ...here, people: [] }, "replaceState").then(() => problem(text));
}

function problem(text) {
  byId("problem").hidden = !text;
  byId("problem").textContent = sentence(text);
}

async function poll() {
  clearTimeout(timer);
  const before = state.folders[here.folder];
  let isIndexing = before.is_indexing;
  try {
    state = await api.state();
    const now = state.folders[here.folder];
    if (!now) location.reload(); // another server, with fewer folders
    if (isLost) problem("");
    isLost = false;
    isIndexing = now.is_indexing;
    showPlace(now);
    if (now.faces !== before.faces || now.ready !== before.ready) {
      if (here.people.length) ranking.ask(question(), false);
      else await faces.renew();
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
  if (event.key === "Escape" && here.people.length) back();
  else isDone = ranking.key(event.key.toLowerCase());
  if (isDone) event.preventDefault();
}

function take(files) {
  const [file] = [...files].filter((entry) => !entry.type || entry.type.startsWith("image/"));
  if (file) faces.take(file);
  else problem("That is no picture.");
}

async function start() {
  state = await api.state();
  if (!state.folders.length) {
    byId("none").hidden = false;
    return;
  }
  faces.setUp({ chosen, added, failed });
  ranking.setUp({ failed, added, shown: () => problem("") });
  weights.setUp(state, () => ranking.ask(question(), false));
  takeaway.setUp(question, state.exports);
  byId("which").hidden = state.folders.length < 2;
  byId("folder").replaceChildren(...state.folders.map(({ name }, number) => h("option", { value: String(number) }, name)));
  byId("folder").addEventListener("change", ({ target }) => go({ folder: Number(target.value), people: [] }));
  byId("again").addEventListener("click", async () => {
    try {
      forget();
      await api.update(here.folder);
      poll();
    } catch (error) {
      problem(error.message);
    }
  });
  byId("back").addEventListener("click", back);
  addEventListener("popstate", (event) => go(event.state ?? { folder: 0, people: [] }, null));
  document.addEventListener("keydown", keys);
  takeDrops(take);
  const wide = matchMedia("(min-width: 62rem)");
  const unfold = () => (byId("panel").open = wide.matches);
  wide.addEventListener("change", unfold);
  unfold();
  const earlier = history.state;
  await go(earlier?.people && state.folders[earlier.folder] ? earlier : here, "replaceState");
  poll();
}

try {
  await start();
} catch (error) {
  problem(error.message);
}
document.body.dataset.ready = "true";
