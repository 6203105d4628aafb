// The help of a page, which names its keys: the button in the bar, and the key "?".

import { byId } from "/page/dom.js";

const FIELDS = "select, textarea, input:not([type=range], [type=checkbox])"; // that take keys

/** Whether a key is for the page: not for a field, a window, or the browser. */
export function isForPage(event) {
  return !event.ctrlKey && !event.metaKey && !event.altKey
    && !document.querySelector("dialog[open]") && !event.target.matches(FIELDS);
}

byId("help-open").addEventListener("click", () => byId("help").showModal());
document.addEventListener("keydown", (event) => {
  if (event.key !== "?" || !isForPage(event)) return;
  event.preventDefault();
  byId("help").showModal();
});
