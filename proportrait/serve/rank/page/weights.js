// What matters: a purpose, and sliders that change its weights.

import { byId, h, tell } from "/page/dom.js";
import { TITLES } from "./parts.js";
import { duration, many } from "./place.js";

const KEY = "proportrait-weights", MOST = 3;
const KINDS = { single: "Alone", group: "In a group" };
const GROUP_ONLY = new Set(["good_faces"]);
let presets = {}, choice = null, kind = "single", changed = null;

/** `onchange` is called with every change; what was set stays for this tab. */
export function setUp({ purposes, similarity, tastes, start }, onchange) {
  presets = purposes;
  changed = onchange;
  choice = remembered(start ?? { purpose: Object.keys(presets)[0], similarity, taste: "" });
  if (!tastes.includes(choice.taste)) choice.taste = "";
  const select = byId("taste");
  select.replaceChildren(h("option", { value: "" }, "none"), ...tastes.map((name) => h("option", { value: name }, name)));
  select.value = choice.taste;
  select.addEventListener("change", () => {
    choice.taste = select.value;
    draw();
    settle();
  });
  byId("taste-choice").hidden = !tastes.length;
  byId("purposes").replaceChildren(...Object.keys(presets).map((name) => button("purpose", name, name, () => choose(name))));
  byId("kinds").replaceChildren(...Object.entries(KINDS).map(([name, title]) => button("kind", name, title, () => {
    kind = name;
    draw();
  })));
  byId("reset").addEventListener("click", () => {
    byId("purposes").querySelector(`[data-purpose=${choice.purpose}]`).focus();
    choose(choice.purpose);
    tell(`The weights are those of ${choice.purpose} again.`);
  });
  const slider = byId("similarity");
  slider.value = choice.similarity;
  slider.addEventListener("input", () => {
    choice.similarity = Number(slider.value);
    settle();
  });
  byId("toml-open").addEventListener("click", openToml);
  byId("toml-copy").addEventListener("click", copyToml);
  byId("toml-save").addEventListener("click", () => download("weights.toml", new Blob([toml()], { type: "application/toml" })));
  draw();
}

/** What a request holds of it. */
export const question = () => ({ weights: choice.weights, similarity: choice.similarity, taste: isAsked() ? choice.taste : null });
const isAsked = () => Boolean(choice.taste && Object.values(choice.weights).some(({ taste }) => taste));

/** Show how far a taste is with the photos; null: none is asked. */
export function showTaste(asked) {
  byId("taste-work").hidden = !asked;
  if (!asked) return;
  const { done, total, waiting, seconds_left: left, failures } = asked;
  byId("taste-bar").hidden = !waiting;
  byId("taste-bar").max = Math.max(1, total);
  if (done) byId("taste-bar").value = done;
  else byId("taste-bar").removeAttribute("value");
  const rest = left === null || !waiting ? "" : `, ${duration(left)} left`;
  const lost = failures ? ` ${many(failures, "photo")} cannot be looked at.` : "";
  byId("taste-text").textContent = (waiting ? `${done.toLocaleString()} of ${many(total, "photo")} asked${rest}.` : "All of these photos were asked.") + lost;
}

function remembered({ purpose: name, similarity, taste }) {
  try {
    const stored = JSON.parse(sessionStorage.getItem(KEY));
    if (stored && presets[stored.purpose]) return stored;
  } catch {
    sessionStorage.removeItem(KEY);
  }
  return { purpose: name, weights: structuredClone(presets[name]), similarity, taste };
}

const button = (attribute, name, title, onclick) => h("button", { type: "button", [`data-${attribute}`]: name, onclick }, title);

function choose(name) {
  choice.purpose = name;
  choice.weights = structuredClone(presets[name]);
  draw();
  settle();
}

function settle() {
  sessionStorage.setItem(KEY, JSON.stringify(choice));
  mark();
  changed();
}

function draw() {
  const own = choice.weights[kind];
  const names = Object.keys(TITLES).filter((name) => (kind === "group" || !GROUP_ONLY.has(name)) && (name !== "taste" || choice.taste));
  byId("sliders").replaceChildren(
    slider("factor", "How welcome such photos are", own.factor, 1, 0.05),
    ...names.map((name) => slider(name, TITLES[name], own[name] ?? 0, MOST, 0.1)));
  mark();
}

function slider(name, title, value, most, step) {
  const id = `weight-${name}`, output = h("output", { for: id }, short(value));
  const input = h("input", { type: "range", id, min: "0", max: String(Math.max(most, value)), step: String(step), value: String(value) });
  input.addEventListener("input", () => {
    choice.weights[kind][name] = Number(input.value);
    output.textContent = short(Number(input.value));
    settle();
  });
  return h("div", { class: "weight" }, h("label", { class: "slider", for: id }, h("span", {}, title), output), input);
}

const short = (value) => String(Math.round(value * 100) / 100);

function mark() {
  const press = (attribute, chosen) => document.querySelectorAll(`[data-${attribute}]`).forEach((element) => {
    element.setAttribute("aria-pressed", String(element.dataset[attribute] === chosen));
  });
  press("purpose", choice.purpose);
  press("kind", kind);
  byId("reset").disabled = same(choice.weights, presets[choice.purpose]);
  byId("similarity-text").textContent = choice.similarity.toFixed(2);
}

function same(one, other) {
  return Object.keys(KINDS).every((name) => [...Object.keys(TITLES), "factor"].every((part) => (one[name][part] ?? 0) === (other[name][part] ?? 0)));
}

function toml() {
  const table = ([name, values]) => `[mine.${name}]\n${Object.entries(values).map(([part, value]) => `${part} = ${Number.isInteger(value) ? value.toFixed(1) : short(value)}\n`).join("")}`;
  return Object.entries(choice.weights).map(table).join("\n");
}

function openToml() {
  const taste = isAsked() ? ` --taste ${/^[\w.-]+$/.test(choice.taste) ? choice.taste : JSON.stringify(choice.taste)}` : "";
  byId("toml-command").textContent = `proportrait rank --ref FILE --photos DIR --weights weights.toml --purpose mine${taste}`;
  byId("toml-text").value = toml();
  byId("toml-done").textContent = "";
  byId("toml").showModal();
  byId("toml-copy").focus();
}

async function copyToml() {
  try {
    await navigator.clipboard.writeText(toml()); // pages of HTTPS and of this machine alone may
    byId("toml-done").textContent = "Copied.";
  } catch {
    byId("toml-text").select();
    byId("toml-done").textContent = "The text is selected: copy it with Ctrl-C.";
  }
}

/** Let the browser save a file. */
export function download(name, blob) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
