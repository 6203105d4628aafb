// What the page asks the server: everything is of one task and one rater.

import { request } from "/page/request.js";

const ROOT = "/api/v1/taste";
const TASK = "proportrait-task", RATER = "proportrait-rater";

const start = await (await fetch("/page/taste.json")).json();
export const who = {
  task: sessionStorage.getItem(TASK) ?? start.task,
  rater: sessionStorage.getItem(RATER) ?? start.rater,
};

/** Begin anew with another task or rater. */
export function change({ task = who.task, rater = who.rater }) {
  sessionStorage.setItem(TASK, task);
  sessionStorage.setItem(RATER, rater);
  location.reload();
}

/** Go back to the task that the server was started with: another may be of an earlier server. */
export function begin() {
  sessionStorage.removeItem(TASK);
  sessionStorage.removeItem(RATER);
  Object.assign(who, start);
}

export const state = async () => (await request(`${ROOT}?${new URLSearchParams(who)}`)).json();

const post = async (path, body) => request(`${ROOT}/${path}`, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...who, ...body }),
});

export const page = async (body) => (await post("questions", body)).json();
export const questions = async (body) => (await page(body)).questions;
export const answer = async (answers, way) => (await post("answers", { answers, way })).json();
export const undo = async () => (await post("undo", {})).json();
export const train = async () => (await post("train", {})).json();
export const addTask = async (name) => (await post("tasks", { name })).json();
export const copy = async (body) => (await post("export", body)).json();
export const table = async (body) => (await post("table", body)).blob();

/** A picture as an element that can be shown at once. */
export async function picture(number, small = false) {
  const response = await request(`${ROOT}/pictures/${number}${small ? "?small" : ""}`);
  const image = new Image();
  image.src = URL.createObjectURL(await response.blob());
  image.draggable = false;
  await image.decode();
  return image;
}

export function release(image) {
  if (image) URL.revokeObjectURL(image.src);
}
