// The folder: its name, and how far its index is.

import { byId, h } from "/page/dom.js";

export const many = (count, word) => `${count.toLocaleString()} ${word}${count === 1 ? "" : "s"}`;
let named = null;

export function showPlace(folder) {
  byId("place").hidden = false;
  byId("name").textContent = folder.name;
  byId("name").hidden = !byId("which").hidden;
  byId("forgotten").hidden = !folder.is_forgotten;
  if (folder.is_forgotten) {
    byId("amount").textContent = "forgotten";
    byId("again").hidden = byId("work").hidden = byId("data-open").hidden = true;
    failures(folder);
    return;
  }
  byId("data-open").hidden = false;
  const isAll = folder.ready + folder.failures >= folder.photos;
  byId("amount").textContent = isAll ? many(folder.ready, "photo") : `${folder.ready.toLocaleString()} of ${many(folder.photos, "photo")} so far`;
  byId("again").hidden = folder.is_indexing;
  byId("work").hidden = !folder.is_indexing;
  progress(folder.progress);
  failures(folder);
}

function progress(now) {
  const bar = byId("bar");
  if (!now || !now.total) {
    bar.removeAttribute("value");
    byId("rate").textContent = "looking at the folder …";
    return;
  }
  bar.max = now.total;
  bar.value = now.done;
  const rate = now.rate === null ? "" : `, ${now.rate >= 10 ? Math.round(now.rate) : now.rate.toFixed(1)} a second`;
  const left = now.seconds_left === null ? "" : `, ${duration(now.seconds_left)} left`;
  byId("rate").textContent = `${now.done.toLocaleString()} of ${many(now.total, "new photo")} indexed${rate}${left}. You can begin with what is ready.`;
}

export function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function failures({ problem, failures: count, failed, left_out: leftOut }) {
  const text = JSON.stringify([problem, count, failed, leftOut]);
  if (text === named) return; // what is open stays open
  named = text;
  byId("failures").replaceChildren(
    problem ? h("p", { class: "error" }, `This folder: ${problem}.`) : "",
    leftOut ? h("p", { class: "hint" }, `Left out: ${leftOut}.`) : "",
    count ? h("details", {}, h("summary", {}, `${many(count, "photo")} cannot be used`),
      h("ul", {}, ...failed.map(({ name, reason }) => h("li", {}, `${name}: ${reason}`)))) : "");
}
