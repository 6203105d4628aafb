// The panel: counts, progress, the model, other raters, and what cannot be used.

import { byId, h } from "/page/dom.js";
import { curve, histogram, percent } from "./charts.js";

const FEW = 5; // pictures asked twice from which on the ceiling is drawn
const many = (count, word) => `${count.toLocaleString()} ${word}${count === 1 ? "" : "s"}`;
let last = {};

/** Redraw the parts that have changed, so that nothing is read or focused anew for nothing. */
function redraw(id, value, draw) {
  const key = JSON.stringify(value);
  if (last[id] === key) return;
  last[id] = key;
  byId(id).replaceChildren(...[draw(value)].flat().filter((part) => part));
}

export function show(state) {
  redraw("counts", state.labels, ({ positive, negative, skip }) => [
    h("strong", { class: "yes" }, String(positive)), " positive  ",
    h("strong", { class: "no" }, String(negative)), " negative  ",
    h("strong", {}, String(skip)), " skipped"]);
  redraw("work", [state.folder.pictures, state.folder.is_listed, state.folder.problem, state.features, state.folder.name], work);
  redraw("model", [state.model, state.problem, state.is_training, state.curve, state.steady, state.labels], model);
  redraw("people", [state.steady, state.others], people);
  redraw("failures", [state.folder.failures, state.folder.failed], failures);
  const mistakes = state.model?.mistakes ?? 0;
  const option = byId("way").querySelector("[value=mistakes]");
  const text = `my likely mistakes (${mistakes})`;
  if (option.textContent !== text) option.textContent = text;
  byId("between").disabled = !state.model;
}

function work([pictures, isListed, problem, features, name]) {
  if (problem) return h("p", { class: "error" }, problem);
  const done = isListed && features >= pictures;
  return [
    h("p", { class: "hint" }, `${many(pictures, "picture")} in ${name}${isListed ? "" : ", still counting"}`),
    done || !pictures ? null : h("label", { class: "hint progress" },
      `${features.toLocaleString()} of ${pictures.toLocaleString()} pictures are measured: the model knows these alone. You can label meanwhile.`,
      h("progress", { max: pictures, value: features })),
  ];
}

function model([trained, problem, isTraining, points, steady, labels]) {
  if (!trained) {
    const wanted = `Label at least 3 positives and 3 negatives${labels.positive >= 3 && labels.negative >= 3 ? ": done. The first model comes as soon as these pictures are measured." : "; the model then trains by itself, and again every few labels."}`;
    return [problem ? h("p", { class: "error" }, problem) : null, h("p", { class: "hint" }, isTraining ? "Training …" : wanted)];
  }
  const ceiling = steady.count >= FEW ? steady.raw : null;
  const figures = trained.accuracy === null
    ? h("p", { class: "hint" }, "Too few labels to say how good the model is.")
    : h("p", {}, `It was taught by ${trained.labels} of your ${many(labels.positive + labels.negative, "label")}. A model without a label would have predicted `,
      h("strong", {}, percent(trained.accuracy)), " of them right. Of what it keeps at the threshold, ",
      h("strong", {}, percent(trained.precision)), " is positive; of all positives it keeps ",
      h("strong", {}, percent(trained.recall)), ".");
  return [
    problem ? h("p", { class: "error" }, problem) : null,
    trained.accuracy === null ? null : histogram(trained),
    figures,
    curve(points, ceiling),
  ];
}

function people([steady, others]) {
  const rows = [];
  if (steady.count) {
    rows.push(`You were asked ${many(steady.count, "picture")} twice and gave the same answer to ${percent(steady.raw)}: no model can do better than that.`);
  }
  for (const { rater, count, raw, kappa } of others) {
    const chance = kappa === null ? "" : ` (Cohen's kappa ${kappa.toFixed(2)}: 0 is chance, 1 full agreement)`;
    rows.push(count
      ? `You and ${rater} agree on ${percent(raw)} of ${many(count, "picture")} that both labelled${chance}.`
      : `You and ${rater} have labelled no picture both.`);
  }
  return rows.length ? [h("h2", {}, "Agreement"), ...rows.map((text) => h("p", {}, text))] : [];
}

function failures([count, failed]) {
  if (!count) return [];
  return h("details", {},
    h("summary", {}, `${many(count, "picture")} cannot be used`),
    h("ul", {}, ...failed.map(({ name, reason }) => h("li", {}, `${name}: ${reason}`))));
}
