// What the page asks the server.

import { Problem, request } from "./request.js";

export const settings = await (await fetch("/page/settings.json")).json();

/** The score of a picture; a Problem says what is wrong with it. */
export async function judge(blob, signal) {
  const response = await send("/api/v1/score", blob, signal);
  return (await response.json()).scores[0];
}

/** The score of a picture, and by attribute that failed the address of what lies over the photo. */
export async function explain(blob) {
  const response = await send("/api/v1/score?explain=1", blob);
  const [score] = (await response.json()).scores;
  const heat = Object.entries(score.heat ?? {}).map(([key, { source, png }]) => {
    const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
    return [key, { source, url: URL.createObjectURL(new Blob([bytes], { type: "image/png" })) }];
  });
  return { score, heat: Object.fromEntries(heat) };
}

/** The suggested crop of a picture as a file, and what was done to it. */
export async function crop(blob, name, aspect) {
  const response = await send(`/api/v1/fix?aspect=${aspect}`, blob);
  const about = JSON.parse(response.headers.get("Proportrait-Fix"));
  const stem = name.replace(/\.\w+$/, "");
  return { about, file: new File([await response.blob()], `${stem}-${aspect}.jpg`, { type: "image/jpeg" }) };
}

async function send(path, blob, signal) {
  if (blob.size > settings.picture_bytes) {
    const most = (settings.picture_bytes / 1e6).toLocaleString();
    throw new Problem(`the file has more than ${most} MB: reduce it first`);
  }
  const type = settings.types.includes(blob.type) ? blob.type : "application/octet-stream";
  return request(path, { method: "POST", body: blob, headers: { "Content-Type": type }, signal });
}
