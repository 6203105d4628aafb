// Take the best photos away: a list of them, or copies in a new folder.

import { byId, h } from "/page/dom.js";
import * as api from "./api.js";
import { download } from "./weights.js";

let question = null;

/** `ask` gives the question of the ranking; `exports` is the folder of copies, or null. */
export function setUp(ask, exports) {
  question = ask;
  document.querySelectorAll("[data-format]").forEach((button) => {
    button.addEventListener("click", () => list(button.dataset.format));
  });
  const today = new Date().toISOString().slice(0, 10);
  byId("copying").replaceChildren(...(exports ? [
    h("label", { class: "wide" }, "Copy them to a new folder ", h("input", { id: "folder-name", value: `best ${today}`, maxlength: "80" })),
    h("p", { class: "buttons" }, h("button", { type: "button", id: "copy", onclick: copy }, "Copy")),
    h("p", { class: "hint" }, `It is made in ${exports}. Your photos stay as they are.`),
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
    const { folder, copies, problems } = await api.copy(asked);
    byId("done").replaceChildren(`${copies.toLocaleString()} ${copies === 1 ? "copy is" : "copies are"} in ${folder}.`,
      problems.length ? h("ul", {}, ...problems.map((text) => h("li", {}, `Left out: ${text}`))) : "");
  } catch (error) {
    byId("done").replaceChildren(h("span", { class: "error" }, `Nothing was copied: ${error.message}.`));
  }
  byId("copy").disabled = false;
}
