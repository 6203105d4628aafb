// Requests to this server, with its token where it has one.

const KEY = "proportrait-token";

// The address may bring the token behind "#", which browsers send to nobody.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem(KEY, given);
  history.replaceState(null, "", location.pathname);
}

export class Problem extends Error {}

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
  const headers = { "Content-Type": type };
  const token = sessionStorage.getItem(KEY);
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(path, { method: "POST", body: blob, headers, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("the server does not answer: is proportrait serve still running?");
  }
  if (response.status === 401) {
    await askForToken();
    return send(path, blob, signal);
  }
  if (response.ok) return response;
  const text = await response.text();
  try {
    throw new Problem(JSON.parse(text).error);
  } catch (error) {
    throw error instanceof Problem ? error : new Problem("the server is busy: try again later");
  }
}

let asking = null;

/** Ask once, however many requests wait for the token. */
function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("ask");
    const input = document.getElementById("token");
    input.value = "";
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => {
      sessionStorage.setItem(KEY, input.value.trim());
      asking = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}
