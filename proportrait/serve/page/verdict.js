// What a score says, in words.

import { settings } from "./api.js";

export const keys = settings.attributes.map((attribute) => attribute.key);
export const title = (key) => key[0].toUpperCase() + key.slice(1);

/** good, bad, or unknown */
export function state(score, key) {
  const verdict = score.verdicts[key];
  return verdict === null ? "unknown" : verdict ? "good" : "bad";
}

/** The first reason of each attribute that failed, the lowest mark first. */
export function failures(score) {
  return score.failed.map((key) => score.reasons.find((reason) => reason.attribute === key));
}

/** What to do, the most helpful first, nothing twice. */
export function advice(score) {
  return [...new Set(failures(score).map((reason) => reason.advice).filter((text) => text))];
}

/** Why there is no verdict at all, or "". */
export function hopeless(score) {
  const reasons = new Set(Object.values(score.unknown));
  return keys.every((key) => score.verdicts[key] === null) && reasons.size ? [...reasons].join("; ") : "";
}

/** "4 of 6 good" */
export function summary(score) {
  const good = keys.filter((key) => state(score, key) === "good").length;
  return good === keys.length ? "all six good" : `${good} of ${keys.length} good`;
}

/** By which photos are ordered: the mean of the marks that there are, where one is missing. */
export function rank(score) {
  if (!score) return -1;
  if (score.overall !== null) return score.overall;
  const known = keys.map((key) => score.marks[key]).filter((mark) => mark !== null);
  return known.length ? known.reduce((a, b) => a + b) / known.length / 100 : -0.5;
}
