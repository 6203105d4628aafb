// Choose pictures by what the model expects of them, and take them away as copies or as a table.

import { byId, h, sentence } from "/page/dom.js";
import * as api from "./api.js";

const AROUND = 0.1, SOME = 6; // pictures are shown that are so close to the threshold
const section = byId("sift");
let slider = null, model = null, latest = null;

export function setUp() {
  const today = new Date().toISOString().slice(0, 10);
  slider = h("input", { type: "range", id: "threshold", min: "0", max: "100", value: "50", oninput: count, onchange: preview });
  section.replaceChildren(
    h("p", { id: "sift-none", class: "hint" }, "There is no model yet: label some pictures first."),
    h("div", { id: "sifting", hidden: true },
      h("p", {}, h("label", { class: "wide" }, "Keep pictures that the model expects to be positive with at least ", h("output", { id: "threshold-text", for: "threshold" }), slider)),
      h("p", { id: "reach", class: "reach" }),
      h("h2", {}, "Just kept"), h("div", { id: "above", class: "strip" }),
      h("h2", {}, "Just left out"), h("div", { id: "below", class: "strip" })),
    h("h2", {}, "The model"),
    h("form", { class: "line", onsubmit: (event) => { event.preventDefault(); save(byId("taste").value.trim()); } },
      h("label", {}, "Name of the taste ", h("input", { id: "taste", value: plain(api.who.task), maxlength: "80", required: true })),
      h("button", { class: "for-model" }, "Save the model")),
    h("p", { class: "hint" }, "The command line then finds it by this name."),
    h("div", { id: "saved", role: "status" }),
    h("h2", {}, "Copies"),
    h("p", { id: "exports", class: "hint" }),
    h("div", { id: "copying" },
      h("p", {}, h("label", {}, "Name of the new folder ", h("input", { id: "folder", value: `${plain(api.who.task)} ${today}`, maxlength: "80" }))),
      h("div", { class: "buttons" },
        button("Copy the kept pictures", () => copy("sifted"), "for-model primary"),
        button("Copy my labels as positive/ and negative/", () => copy("folders")),
        button("Copy my labels as ImageFolder", () => copy("imagefolder"))),
      h("p", { id: "done", role: "status" })),
    h("h2", {}, "Tables"),
    h("div", { class: "buttons" },
      button("CSV of the kept pictures", () => download("sifted"), "for-model"),
      button("CSV of my labels", () => download("labels"))),
    h("p", { id: "table", role: "status" }));
}

const plain = (name) => name.replace(/[^\w .-]/g, "-").slice(0, 60);
const button = (text, onclick, name = "") => h("button", { type: "button", class: name, onclick }, text);
const threshold = () => slider.value / 100;

export function show(state) {
  const isFirst = !model && state.model;
  model = state.model;
  latest = state;
  byId("sift-none").hidden = Boolean(model);
  byId("sifting").hidden = !model;
  section.querySelectorAll(".for-model").forEach((element) => (element.disabled = !model));
  byId("copying").hidden = !state.exports;
  byId("exports").textContent = state.exports ? `They go to ${state.exports}; your pictures stay where they are.`
    : "To copy pictures too, start the server with --exports DIR.";
  if (isFirst) slider.value = Math.round(model.threshold * 100);
  if (model) count();
}

function count() {
  byId("threshold-text").textContent = threshold().toFixed(2);
  const kept = model.reach[slider.value], all = latest.folder.pictures;
  const rest = all - model.predictions;
  byId("reach").textContent = `${kept.toLocaleString()} of ${model.predictions.toLocaleString()} pictures are kept`
    + (rest > 0 ? `; ${rest.toLocaleString()} more are not predicted yet.` : ".")
    + ` The model's own threshold is ${model.threshold.toFixed(2)}.`;
}

export async function preview() {
  if (!model) return;
  const at = threshold();
  await Promise.all([
    strip("above", [at, Math.min(1, at + AROUND)]), strip("below", [Math.max(0, at - AROUND), Math.max(0, at - 0.001)]),
  ]);
}

async function strip(id, between) {
  try {
    const rows = await api.questions({ way: "random", between, count: SOME });
    const images = await Promise.all(rows.map((row) => api.picture(row.number, "small").then((image) => {
      image.alt = `${row.name}, ${row.likely?.toFixed(2)}`;
      return h("figure", {}, image, h("figcaption", {}, row.likely?.toFixed(2) ?? ""));
    }, () => null)));
    byId(id).querySelectorAll("img").forEach(api.release);
    byId(id).replaceChildren(...images.filter((image) => image));
    if (!images.length) byId(id).replaceChildren(h("p", { class: "hint" }, "None of the pictures that you have not labelled is close to the threshold."));
  } catch (error) {
    byId(id).replaceChildren(h("p", { class: "error" }, error.message));
  }
}

async function copy(what) {
  byId("done").textContent = "Copying …";
  try {
    const { folder, copies, problems } = await api.copy({ what, name: byId("folder").value, threshold: threshold() });
    byId("done").replaceChildren(`${copies.toLocaleString()} copies are in ${folder}.`,
      problems.length ? h("ul", {}, ...problems.map((text) => h("li", {}, `Left out: ${text}`))) : "");
  } catch (error) {
    byId("done").replaceChildren(h("span", { class: "error" }, `Nothing was copied: ${error.message}.`));
  }
}

/** Save the model; one of its name is only replaced by a second click. */
async function save(name, replace = false) {
  const place = byId("saved");
  try {
    const { file, commands } = await api.save({ name, replace });
    const lines = commands.join("\n");
    place.replaceChildren(
      h("p", {}, h("strong", {}, name), ` is saved: ${file}. In a terminal:`),
      h("pre", { tabindex: "0" }, lines),
      h("p", {}, button("Copy", copyCommands)));
  } catch (error) {
    const isThere = error.message.startsWith("there is a taste");
    place.replaceChildren(h("p", { class: "error" }, isThere ? sentence(error.message) : `Nothing was saved: ${error.message}.`),
      isThere ? h("p", {}, button("Replace it", () => save(name, true))) : "");
    if (isThere) place.querySelector("button").focus();
  }
}

async function copyCommands({ target }) {
  const lines = byId("saved").querySelector("pre");
  try {
    await navigator.clipboard.writeText(lines.textContent); // pages of HTTPS and of this machine alone may
    target.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(lines);
    target.textContent = "Selected: copy with Ctrl-C";
  }
}

async function download(what) {
  try {
    const url = URL.createObjectURL(await api.table({ what, threshold: threshold() }));
    h("a", { href: url, download: `${plain(api.who.task)} ${what}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    byId("table").textContent = "The table was downloaded.";
  } catch (error) {
    byId("table").replaceChildren(h("span", { class: "error" }, error.message));
  }
}
