// Where the index lies, and how a folder is forgotten.

import { byId } from "/page/dom.js";
import * as api from "./api.js";
import { forget } from "./images.js";
import { many } from "./place.js";

let report = null;

/** `index` is the path of the index, `folder()` the state of the folder, `forgotten` is called afterwards. */
export function setUp(reports) {
  report = reports;
  byId("data-open").addEventListener("click", open);
  byId("forget").addEventListener("click", () => ask(true));
  byId("forget-not").addEventListener("click", () => ask(false));
  byId("forget-yes").addEventListener("click", forgetFolder);
}

function open() {
  const { name, faces, ready, people } = report.folder();
  const amount = `${many(faces, "face")} in ${many(ready, "photo")}${people ? `, ${people.count.toLocaleString()} people` : ""}`;
  byId("data-index").textContent = report.index;
  byId("data-amount").textContent = `Of ${name} it holds ${amount}.`;
  byId("data-question").textContent = `Delete what the index holds of ${name}: ${amount}, their names, what you decided, and the stars that were written there? This cannot be taken back. The photos stay; other folders too.`;
  byId("data-done").textContent = "";
  show(false);
  byId("data").showModal();
}

function show(isAsking) {
  byId("data-ask").hidden = isAsking;
  byId("data-sure").hidden = !isAsking;
}

function ask(isAsking) {
  show(isAsking);
  byId(isAsking ? "forget-not" : "forget").focus();
}

async function forgetFolder() {
  const { name, number } = report.folder();
  byId("data-done").textContent = "Forgetting …";
  try {
    const { files, problems } = await api.forget(number);
    forget();
    await report.forgotten();
    byId("data-sure").hidden = true;
    byId("data-amount").textContent = "";
    byId("data-done").textContent = [`${many(files, "photo")} of ${name} ${files === 1 ? "is" : "are"} forgotten.`, ...problems].join(" ");
  } catch (error) {
    byId("data-done").textContent = error.message;
  }
}
