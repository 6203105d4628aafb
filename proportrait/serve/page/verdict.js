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

/** "measured 0.28 head heights; good photos up to 0.2"; units that are no words are left out. */
export function number(reason) {
  if (reason.value === undefined) return "";
  const [low, high] = reason.usual;
  const unit = /^[a-z-]+ [a-z]+$|^deg$/.test(reason.unit) ? ` ${reason.unit}` : "";
  let range = `${short(low)} to ${short(high)}`;
  if (low === null) range = `up to ${short(high)}`;
  if (high === null) range = `from ${short(low)}`;
  return `measured ${short(reason.value)}${unit}; good photos ${range}`;
}

const short = (value) => (value === null ? "" : String(Number(value.toPrecision(2))));

/** By which photos are ordered: the mean of the marks that there are, where one is missing. */
export function rank(score) {
  if (!score) return -1;
  if (score.overall !== null) return score.overall;
  const known = keys.map((key) => score.marks[key]).filter((mark) => mark !== null);
  return known.length ? known.reduce((a, b) => a + b) / known.length / 100 : -0.5;
}
