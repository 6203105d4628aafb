// The camera: a live view whose frames are judged, and a photo.

import { judge } from "./api.js";
import { byId, h } from "./dom.js";
import { advice, hopeless, keys, state, title } from "./verdict.js";

const EVERY_MS = 700;
const SHORT_PX = 512; // of the longer side of a frame that is judged
const SMALLEST_PX = 160; // a camera that starts gives frames of a few px, which cannot be judged
const FORM = 4 / 5; // width to height, of a headshot

const dialog = byId("camera"), video = byId("video"), lights = byId("lights"), tip = byId("tip");
let stream = null, loop = null;

/** Open the camera; `taken` gets each photo as a file. */
export function openCamera(taken) {
  lights.replaceChildren(...keys.map((key) => light(key, "unknown", "")));
  tip.textContent = "";
  dialog.showModal();
  byId("shoot").onclick = async () => {
    const blob = await frame(Infinity, 0.95);
    if (blob) taken(new File([blob], `camera ${new Date().toLocaleTimeString()}.jpg`, { type: "image/jpeg" }));
    dialog.close();
  };
  start();
}

dialog.addEventListener("close", stop);
document.addEventListener("visibilitychange", () => {
  if (!dialog.open) return;
  if (document.hidden) stop();
  else start();
});

async function start() {
  if (!navigator.mediaDevices?.getUserMedia) {
    tip.textContent = "Browsers give the camera only to pages from this machine, or over HTTPS.";
    byId("shoot").disabled = true;
    return;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "user", width: { ideal: 1920 }, height: { ideal: 1440 } }, audio: false,
    });
  } catch (error) {
    tip.textContent = error.name === "NotFoundError"
      ? "No camera is connected."
      : "The camera cannot be used: allow it in the browser, or close what uses it.";
    byId("shoot").disabled = true;
    return;
  }
  if (!dialog.open || document.hidden) return stop();
  byId("shoot").disabled = false;
  video.srcObject = stream;
  await video.play();
  loop = new AbortController();
  watch(loop.signal);
}

function stop() {
  loop?.abort();
  stream?.getTracks().forEach((track) => track.stop());
  stream = video.srcObject = null;
}

/** Judge a frame, then the next one, never two at once. */
async function watch(signal) {
  while (!signal.aborted) {
    const begin = performance.now();
    try {
      const blob = await frame(SHORT_PX, 0.9);
      if (blob && !signal.aborted) show(await judge(blob, signal));
    } catch (error) {
      if (signal.aborted) return;
      tip.textContent = error.message;
    }
    const rest = EVERY_MS - (performance.now() - begin);
    await new Promise((resolve) => setTimeout(resolve, Math.max(50, rest)));
  }
}

/** The middle of what the camera sees, in the form of a headshot, as JPEG. */
function frame(longest, quality) {
  const { videoWidth, videoHeight } = video;
  if (video.readyState < video.HAVE_CURRENT_DATA || Math.min(videoWidth, videoHeight) < SMALLEST_PX) return null;
  const width = Math.min(videoWidth, videoHeight * FORM), height = width / FORM;
  const scale = Math.min(1, longest / height);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(video, (videoWidth - width) / 2, (videoHeight - height) / 2,
    width, height, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
}

function show(score) {
  keys.forEach((key, place) => {
    lights.children[place].replaceWith(light(key, state(score, key), score.words[key]));
  });
  const all = keys.every((key) => state(score, key) === "good");
  const text = all ? "All six are good: take the photo." : hopeless(score) || advice(score)[0] || "";
  if (tip.textContent !== text) tip.textContent = text;
}

function light(key, kind, word) {
  return h("li", { class: kind }, h("span", { class: "lamp", "aria-hidden": "true" }), title(key),
    h("span", { class: "word" }, word));
}
