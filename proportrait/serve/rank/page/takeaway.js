// Take the best photos away: a list of them, or copies in a new folder.

import { byId, h } from "/page/dom.js";
import * as api from "./api.js";
import { many } from "./place.js";
import { download } from "./weights.js";

let question = null;

/** `ask` gives the question of the ranking; `exports` is the folder of copies, or null. */
export function setUp(ask, exports) {
  question = ask;
  document.querySelectorAll("[data-format]").forEach((button) => {
    button.addEventListener("click", () => list(button.dataset.format));
  });
  byId("stars-open").addEventListener("click", () => {
    if (!byId("top").reportValidity()) return;
    byId("stars-count").textContent = many(byId("top").valueAsNumber, "photo");
    byId("stars-done").textContent = "";
    byId("stars").showModal();
  });
  byId("stars-write").addEventListener("click", stars);
  const today = new Date().toISOString().slice(0, 10);
  byId("copying").replaceChildren(...(exports ? [
    h("label", { class: "wide" }, "Copy them to the folder ", h("input", { id: "folder-name", value: `best ${today}`, maxlength: "80" })),
    h("p", { class: "buttons" }, h("button", { type: "button", id: "copy", onclick: copy }, "Copy")),
    h("p", { class: "hint" }, `It lies in ${exports}. Copies are numbered by rank, 001_NAME and so on; nothing in it is replaced.`),
  ] : [
    h("p", { class: "hint" }, "To copy photos too, start the server with ", h("code", {}, "--exports DIR"), "."),
  ]));
}

function body(more) {
  if (!byId("top").reportValidity()) return null;
  return { ...question(), top: byId("top").valueAsNumber, ...more };
}

async function list(format) {
  const asked = body({ format });
  if (!asked) return;
  byId("done").textContent = "";
  try {
    download(`ranked.${format}`, await api.list(asked));
    byId("done").textContent = `ranked.${format} was downloaded.`;
  } catch (error) {
    byId("done").replaceChildren(h("span", { class: "error" }, error.message));
  }
}

async function copy() {
  const asked = body({ name: byId("folder-name").value.trim() });
  if (!asked) return;
  byId("copy").disabled = true;
  byId("done").textContent = "Copying …";
  try {
    const { folder, photos, new: fresh } = await api.copy(asked);
    byId("done").textContent = `${many(photos, "photo")} in ${folder}, ${fresh.toLocaleString()} of them new.`;
  } catch (error) {
    byId("done").replaceChildren(h("span", { class: "error" }, `Nothing was copied: ${error.message}.`));
  }
  byId("copy").disabled = false;
}

async function stars() {
  const asked = body({ naming: document.querySelector("[name=naming]:checked").value });
  byId("stars-write").disabled = true;
  byId("stars-done").textContent = "Writing …";
  try {
    const { sidecars, foreign, taken, problems } = await api.stars(asked);
    byId("stars-done").replaceChildren(
      `Stars are in ${many(sidecars, "sidecar")}${foreign ? `, ${foreign} of another program` : ""}${taken ? `, and were taken from ${many(taken, "sidecar")} of earlier times` : ""}.`,
      problems.length ? h("ul", {}, ...problems.map((text) => h("li", {}, text))) : "");
  } catch (error) {
    byId("stars-done").replaceChildren(h("span", { class: "error" }, `${error.message}.`));
  }
  byId("stars-write").disabled = false;
}
