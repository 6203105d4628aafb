// The list of tasks: how far each is, and a new one.

import { byId, h, sentence } from "/page/dom.js";
import { isForPage } from "/page/help.js";
import { rove, settle } from "/page/roving.js";
import * as api from "./api.js";
import { raterButton } from "./naming.js";

function problem(text) {
  byId("problem").hidden = !text;
  byId("problem").textContent = sentence(text);
}

async function begin(task, folder, goesOn = false) {
  try {
    await api.addTask({ task, folder, goes_on: goesOn });
    location.assign(api.addressOf(task));
  } catch (error) {
    problem(error.message);
  }
}

function counts({ positive, negative, skip }) {
  const skipped = skip ? `, ${skip.toLocaleString()} skipped` : "";
  return positive + negative + skip ? h("p", { class: "numbers" },
    h("strong", { class: "yes" }, positive.toLocaleString()), " positive, ",
    h("strong", { class: "no" }, negative.toLocaleString()), ` negative${skipped}`)
    : h("p", { class: "numbers hint" }, "No labels of yours yet");
}

function folders(names, id = null) {
  return h("select", { id, "aria-label": "Folder" }, ...names.map((name, number) => h("option", { value: String(number) }, name)));
}

function row({ task, folder, place, labels, others }, names) {
  const more = others.length ? [h("p", { class: "hint" }, `Also labelled by ${others.join(", ")}`)] : [];
  if (folder !== null) {
    return h("li", {}, h("h3", {}, h("a", { href: api.addressOf(task), class: "task" }, task)), counts(labels),
      h("p", { class: "hint" }, `Pictures of ${place}`), ...more);
  }
  const choice = folders(names);
  choice.hidden = names.length < 2;
  const here = names.length < 2 ? `Go on in ${names[0]}` : "Go on in";
  return h("li", { class: "elsewhere" }, h("h3", {}, task), counts(labels),
    h("p", { class: "hint" }, place ? `Pictures of ${place}: not one of the folders here`
      : "Pictures of a folder that was not noted"),
    ...more,
    h("p", { class: "buttons" },
      h("button", { type: "button", onclick: () => begin(task, Number(choice.value), true) }, here), choice));
}

document.addEventListener("keydown", (event) => {
  if (!isForPage(event)) return;
  const first = document.activeElement === document.body ? document.querySelector(".task") : null;
  if (event.key.toLowerCase() === "n" && !byId("new").hidden) byId("name").focus();
  else if (event.key.startsWith("Arrow") && first) first.focus();
  else return;
  event.preventDefault();
});
byId("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  begin(byId("name").value.trim(), Number(byId("folder").value));
});

async function start() {
  const { folders: names, rater, tasks } = await api.overview();
  byId("none").hidden = Boolean(names.length);
  byId("new").hidden = !names.length;
  byId("known").hidden = !tasks.length;
  byId("which").hidden = names.length < 2;
  byId("folder").replaceWith(folders(names, "folder"));
  raterButton(rater);
  const isHere = (task) => task.folder !== null;
  byId("tasks").replaceChildren(...[...tasks.filter(isHere), ...tasks.filter((task) => !isHere(task))].map((task) => row(task, names)));
  rove(byId("tasks"), ".task");
  settle(byId("tasks"), ".task");
  if (!tasks.length && names.length) byId("name").focus();
}

try {
  await start();
} catch (error) {
  problem(error.message);
}
document.body.dataset.ready = "true";
