// What the pages ask the server; all but the list of tasks is of one task and one rater.

import { request } from "/page/request.js";

const ROOT = "/api/v1/taste";
const RATER = "proportrait-rater";

export const addressOf = (task) => `/taste/${encodeURIComponent(task)}`;

// Without a rater the server says who labels.
export const who = {
  task: decodeURIComponent(location.pathname.slice("/taste/".length)),
  rater: sessionStorage.getItem(RATER) ?? "",
};

/** Begin anew as another rater. */
export function change(rater) {
  sessionStorage.setItem(RATER, rater);
  location.reload();
}

export const overview = async () => (await request(`${ROOT}?${new URLSearchParams({ rater: who.rater })}`)).json();

export async function state() {
  const fresh = await (await request(`${ROOT}/session?${new URLSearchParams(who)}`)).json();
  who.rater = fresh.rater;
  return fresh;
}

const send = async (path, body) => request(`${ROOT}/${path}`, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});
const post = (path, body) => send(path, { ...who, ...body });

export const addTask = async (body) => (await send("tasks", body)).json();
export const page = async (body) => (await post("questions", body)).json();
export const questions = async (body) => (await page(body)).questions;
export const answer = async (answers, way) => (await post("answers", { answers, way })).json();
export const undo = async () => (await post("undo", {})).json();
export const train = async () => (await post("train", {})).json();
export const copy = async (body) => (await post("copies", body)).json();
export const save = async (body) => (await post("model", body)).json();
export const table = async (body) => (await post("table", body)).blob();

/** A picture as an element that can be shown at once. */
export async function picture(number, size = "large") {
  const query = new URLSearchParams({ task: who.task, size });
  const response = await request(`${ROOT}/pictures/${number}?${query}`);
  const image = new Image();
  image.src = URL.createObjectURL(await response.blob());
  image.draggable = false;
  await image.decode();
  return image;
}

export function release(image) {
  if (image) URL.revokeObjectURL(image.src);
}
