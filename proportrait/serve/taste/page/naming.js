// Who labels: a name that is asked for.

import { byId } from "/page/dom.js";
import * as api from "./api.js";

/** Ask for a name; null where the user cancels. */
function naming(title, hint, value) {
  const dialog = byId("naming");
  byId("naming-title").textContent = title;
  byId("naming-hint").textContent = hint;
  byId("naming-name").value = value;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => {
    resolve(dialog.returnValue === "ok" ? byId("naming-name").value.trim() : null);
  }, { once: true }));
}

/** Let the button say who labels, and ask for another rater. */
export function raterButton(rater) {
  const button = byId("rater");
  button.hidden = false;
  button.textContent = `Rater: ${rater}`;
  button.addEventListener("click", async () => {
    const other = await naming("Who labels?", "Each rater has labels of their own; where two have labelled the same pictures, their agreement is shown.", rater);
    if (other) api.change(other);
  });
}
