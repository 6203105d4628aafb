// What the page asks the server.

import { Problem, request } from "/page/request.js";

const ROOT = "/api/v1/rank";
const settings = await (await fetch("/page/settings.json")).json();

const post = (path, body) => request(`${ROOT}/${path}`, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});

export const people = async (folder) => (await request(`${ROOT}/folders/${folder}/people`)).json();
export const decide = async (folder, act, body) => (await post(`folders/${folder}/people/${act}`, body)).json();
export const forget = async (folder) => (await post(`folders/${folder}/forget`, {})).json();
export const stars = async (body) => (await post("stars", body)).json();
export const state = async () => (await request(ROOT)).json();
export const update = async (folder) => (await request(`${ROOT}/folders/${folder}/update`, { method: "POST" })).json();
export const ranking = async (body) => (await post("ranking", body)).json();
export const list = async (body) => (await post("list", body)).blob();
export const copy = async (body) => (await post("copies", body)).json();

/** A page of faces, the largest and best first. */
export async function faces(folder, offset, count, isLoose) {
  const query = new URLSearchParams({ offset, count, loose: isLoose ? "1" : "0" });
  return (await request(`${ROOT}/folders/${folder}/faces?${query}`)).json();
}

/** The faces of a photo that somebody chose: their names on the server, and a tile of each. */
export async function references(file) {
  if (file.size > settings.picture_bytes) {
    throw new Problem(`the file has more than ${(settings.picture_bytes / 1e6).toLocaleString()} MB: reduce it first`);
  }
  const type = settings.types.includes(file.type) ? file.type : "application/octet-stream";
  const response = await request(`${ROOT}/references`, { method: "POST", body: file, headers: { "Content-Type": type } });
  return (await response.json()).faces;
}

/** The address of a JPEG in base64, which the strict policy of the page allows. */
export function address(jpeg) {
  const bytes = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
}

export const facePath = (folder, face) => `${ROOT}/folders/${folder}/faces/${face}`;
export const photoPath = (folder, photo, size) => `${ROOT}/folders/${folder}/photos/${photo}?size=${size}`;
