// The page: keys, views, and the state of the session, asked for every second.

import { byId, sentence, tell } from "/page/dom.js";
import { isForPage } from "/page/help.js";
import * as api from "./api.js";
import { Deck } from "./deck.js";
import * as grid from "./grid.js";
import { raterButton } from "./naming.js";
import * as panel from "./panel.js";
import * as sift from "./sift.js";
import { show, zoom } from "./stage.js";

const POLL_MS = 1000;
const WAYS = {
  uncertainty: "The model is unsure of this one",
  disagreement: "The model's parts disagree on this one",
  diversity: "This one is unlike those you have labelled",
  random: "Chosen by chance",
  typical: "This one is typical of others: a start for the model",
  repeat: "Why: told after your answer",
  undo: "Your last answer was taken back",
};
let state = null, view = "single", problemEnds = 0;

const deck = new Deck({ shown, failed, saved });

function shown(question) {
  const text = deck.isEmpty
    ? deck.choice.way === "mistakes" ? "The model expects none of your labels to be a mistake."
      : state?.model && deck.choice.between.join() !== "0,1" ? "No picture is known between these two probabilities."
      : state?.folder.is_listed ? grid.ALL_DONE : "Looking for pictures …"
    : "Looking for pictures …";
  show(question, text);
  byId("why").textContent = question ? why(question) : "";
  byId("name").textContent = question?.name ?? "";
  document.querySelectorAll("[data-value]:not(.tile)").forEach((button) => {
    button.disabled = !question;
    button.setAttribute("aria-pressed", String(question?.value === button.dataset.value));
  });
}

function why(question) {
  if (question.value) return `Your answer was ${question.value}: answer again to change it`;
  if (question.way === "review") {
    const now = question.before ? "positive" : "negative", other = question.before ? "negative" : "positive";
    return `You said ${now}, the model expects ${other}: is your label right?`;
  }
  return WAYS[question.way] ?? "";
}

/** What became of an answer; what the model expected is told only now, so that it sways nobody. */
function saved(question, before) {
  problem("");
  const { value, likely, name, way } = question;
  let more = "";
  if (way === "repeat") more = " This was asked a second time, to see how steady your answers are.";
  else if (likely !== null && way !== "review") more = ` The model expected positive with ${likely.toFixed(2)}.`;
  const text = `${name}: ${value}${before && before !== value ? `, ${before} before` : ""}.${more}`;
  byId("last").textContent = text;
  tell(text);
  poll();
}

function failed(text, isPassing = false) {
  const lost = "Not saved", line = byId("problem"); // it matters more than what could not be loaded
  if (!line.hidden && line.textContent.startsWith(lost) && !text.startsWith(lost)) return;
  problem(text, isPassing ? 5000 : Infinity);
}

function problem(text, lasts = Infinity) {
  byId("problem").hidden = !text;
  byId("problem").textContent = text;
  problemEnds = performance.now() + lasts;
}

async function undo() {
  const result = view === "grid" ? await grid.undo() : await deck.undo();
  if (!result) return;
  const { undone, pictures, is_import: isImport } = result;
  const text = !undone ? "There is nothing to undo."
    : isImport ? `The import of ${undone} label${undone === 1 ? "" : "s"} was taken back; the same --import brings it back.`
    : undone > 1 ? `${undone} labels were taken back.`
    : `Taken back: ${pictures[0]?.name ?? "a picture that is no longer here"}.`;
  byId("last").textContent = text;
  tell(text);
  if ((undone > 1 || isImport) && view === "single") deck.refresh(undefined, true);
  poll();
}

async function train() {
  tell("Training.");
  byId("train").disabled = true;
  try {
    take(await api.train());
    tell("The model was trained.");
    problem("");
  } catch (error) {
    failed(error.message);
  }
  byId("train").disabled = false;
}

function take(fresh) {
  const before = state;
  state = fresh;
  panel.show(state);
  sift.show(state);
  const isNew = before && (before.model?.labels !== state.model?.labels || before.chooses !== state.chooses);
  if (isNew) deck.refresh();
  else if (deck.isEmpty || deck.queue.length < 2) deck.fill();
  if (performance.now() > problemEnds) problem("");
}

let timer = null;

async function poll() {
  clearTimeout(timer);
  try {
    take(await api.state());
  } catch (error) {
    if (byId("problem").hidden) failed(error.message); // what was not saved matters more
  }
  timer = setTimeout(poll, document.hidden ? 10 * POLL_MS : POLL_MS);
}

function open(name) {
  view = name;
  ["single", "grid", "sift"].forEach((id) => (byId(id).hidden = id !== name));
  document.querySelectorAll("[data-view]").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.dataset.view === name));
  });
  byId("next").hidden = name === "sift";
  if (name === "grid") grid.open(deck.choice);
  else grid.close();
  if (name === "single") deck.refresh(undefined, true); // the grid may have answered what was loaded
  if (name === "sift") sift.preview();
}

function choose() {
  const low = byId("low"), high = byId("high");
  if (Number(low.value) > Number(high.value)) (document.activeElement === low ? high : low).value = document.activeElement.value;
  byId("low-text").textContent = (low.value / 100).toFixed(2);
  byId("high-text").textContent = (high.value / 100).toFixed(2);
  const choice = { way: byId("way").value, between: [low.value / 100, high.value / 100] };
  deck.refresh(choice, true);
  if (view === "grid") grid.open(choice);
}

document.querySelectorAll("[data-view]").forEach((button) => button.addEventListener("click", () => open(button.dataset.view)));
document.querySelectorAll("button[data-value]").forEach((button) => button.addEventListener("click", () => deck.answer(button.dataset.value)));
byId("undo").addEventListener("click", undo);
byId("train").addEventListener("click", train);
byId("way").addEventListener("change", () => {
  choose();
  byId("way").blur(); // so that the keys answer again
});
for (const id of ["low", "high"]) byId(id).addEventListener("input", choose);

const KEYS = {
  1: () => deck.answer("negative"), 2: () => deck.answer("skip"), 3: () => deck.answer("positive"),
  ArrowLeft: () => deck.look(1), ArrowRight: () => deck.look(-1),
  "+": () => zoom(1), "=": () => zoom(1), "-": () => zoom(-1), 0: () => zoom(0),
};

document.addEventListener("keydown", (event) => {
  if (!isForPage(event)) return;
  if (event.target.matches("input[type=range]") && /^(Arrow|Home|End|Page)/.test(event.key)) return;
  const key = event.key.toLowerCase();
  let isDone = true;
  if ((key === "z" || key === "backspace") && view !== "sift") undo();
  else if (key === "t") train();
  else if (key === "escape" && view !== "single") open("single");
  else if (view === "grid") isDone = grid.key(event);
  else if (view === "single" && KEYS[event.key]) KEYS[event.key]();
  else isDone = false;
  if (isDone) event.preventDefault();
});

grid.setUp({
  failed,
  saved(count) {
    problem("");
    tell(`${count} labels were saved.`);
    poll();
  },
});
sift.setUp();

async function start() {
  byId("task").textContent = api.who.task;
  document.title = `${api.who.task} – ${document.title}`;
  take(await api.state());
  raterButton(api.who.rater);
  if (!Object.values(state.labels).some(Boolean)) {
    byId("last").textContent = `What is positive is up to you: a picture that you would keep when you think of “${api.who.task}”. Go by your first impression.`;
  }
  await deck.fill();
  deck.show();
  poll();
}

try {
  await start();
} catch (error) {
  for (const part of document.querySelectorAll(".desk, .views")) part.hidden = true;
  failed(sentence(error.message));
}
document.body.dataset.ready = "true";
