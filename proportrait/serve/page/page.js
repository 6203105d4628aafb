// The page: photos come in, are judged a few at a time, and are ordered.

import { crop, explain, settings } from "./api.js";
import { openCamera } from "./camera.js";
import { card } from "./card.js";
import { compare } from "./compare.js";
import { byId, tell } from "./dom.js";
import { takeDrops } from "./drop.js";
import "./help.js";
import { failures, hopeless, rank, summary, title } from "./verdict.js";

const CROP = "4x5"; // width to height of the crop that is suggested
const AT_ONCE = 3; // photos that are sent at a time
const list = byId("cards");
let photos = [], number = 0, sending = 0;

byId("where").textContent = settings.is_local
  ? "Your photo goes nowhere: it is judged in the memory of this machine and forgotten."
  : `Your photo goes to ${location.hostname} alone: it is judged in its memory and forgotten.`;

function add(files) {
  const pictures = [...files].filter((file) => !file.type || file.type.startsWith("image/"));
  if (!pictures.length) return tell("That is no picture.");
  for (const file of pictures) {
    photos.push({
      id: `photo-${++number}`, number, name: file.name || "pasted picture", file,
      url: URL.createObjectURL(file), score: null, error: "", isSent: false, isPicked: false, isBest: false,
      crop: null, isCropping: false, heat: {}, where: null,
    });
  }
  tell(pictures.length === 1 ? `Looking at ${pictures[0].name}.` : `Looking at ${pictures.length} photos.`);
  photos.filter((photo) => !byId(photo.id)).forEach((photo) => list.append(card(photo, actions)));
  update();
  send();
}

async function send() {
  const photo = photos.find((entry) => !entry.isSent);
  if (!photo || sending >= AT_ONCE) return;
  photo.isSent = true;
  sending += 1;
  send();
  try {
    Object.assign(photo, await explain(photo.file));
    if (!photos.includes(photo)) release(photo);
  } catch (error) {
    photo.error = error.message;
  }
  sending -= 1;
  redraw(photo);
  if (photos.includes(photo)) tell(spoken(photo));
  update();
  send();
}

function spoken({ name, score, error }) {
  if (error) return `${name}: no verdict: ${error}.`;
  if (hopeless(score)) return `${name}: no verdict: ${hopeless(score)}.`;
  const worst = failures(score)[0];
  const mark = score.overall === null ? "" : `${score.overall} of 100, `;
  return `${name}: ${mark}${summary(score)}.${worst ? ` ${title(worst.attribute)}: ${worst.text}.` : ""}`;
}

const actions = {
  remove(photo) {
    const { nextElementSibling, previousElementSibling } = byId(photo.id);
    const next = (nextElementSibling ?? previousElementSibling)?.id;
    forget([photo]); // and draws others anew
    (byId(next) ?? byId("choose")).focus();
  },
  async crop(photo) {
    photo.isCropping = true;
    redraw(photo);
    try {
      const made = await crop(photo.file, photo.name, CROP);
      photo.crop = { ...made, url: URL.createObjectURL(made.file) };
      tell(`The crop of ${photo.name} is there: ${made.about.overall} of 100.`);
    } catch (error) {
      photo.crop = { error: error.message };
      tell(error.message);
    }
    photo.isCropping = false;
    redraw(photo);
  },
  where(photo, key) {
    photo.where = photo.where === key ? null : key;
    redraw(photo);
    if (photo.where) byId(photo.id)?.querySelector(".preview").scrollIntoView({ block: "nearest" });
    tell(photo.where ? `Orange on the photo: what spoke against ${key}.` : "The photo is shown as it is.");
  },
  compare(photo) {
    photo.isPicked = !photo.isPicked;
    redraw(photo);
    const picked = photos.filter((entry) => entry.isPicked);
    if (picked.length < 2) return;
    compare(...picked, () => {
      picked.forEach((entry) => (entry.isPicked = false));
      picked.forEach(redraw);
      byId(photo.id)?.querySelector(".pick")?.focus();
    });
  },
};

function forget(gone) {
  gone.forEach((photo) => {
    release(photo);
    byId(photo.id)?.remove();
  });
  photos = photos.filter((photo) => !gone.includes(photo));
  update();
}

function release(photo) {
  const urls = [photo.url, photo.crop?.url, ...Object.values(photo.heat).map((heat) => heat.url)];
  urls.filter((url) => url).forEach((url) => URL.revokeObjectURL(url));
}

function redraw(photo) {
  const old = byId(photo.id);
  if (!old) return;
  const selector = old.contains(document.activeElement) ? document.activeElement.className : null;
  const fresh = card(photo, actions);
  old.replaceWith(fresh);
  if (selector !== null) (fresh.querySelector(selector ? `.${selector}` : "button") ?? fresh).focus();
}

/** What follows from all photos: their number, the best one, their order. */
function update() {
  const many = photos.length > 1, done = photos.every((photo) => photo.score || photo.error);
  byId("bar").hidden = !photos.length;
  showLegend();
  byId("pick").hidden = photos.filter((photo) => photo.score && !hopeless(photo.score)).length < 2;
  const judged = photos.filter((photo) => photo.score || photo.error).length;
  byId("count").textContent = done
    ? `${photos.length} photo${many ? "s" : ""}`
    : `${judged} of ${photos.length} judged`;
  if (!done) return;
  const ranked = [...photos].sort((a, b) => rank(b.score) - rank(a.score) || a.number - b.number);
  for (const photo of photos) {
    const isBest = many && photo === ranked[0] && Boolean(photo.score?.overall);
    if (isBest === Boolean(photo.isBest)) continue;
    photo.isBest = isBest;
    redraw(photo);
  }
  order(byId("order").value === "best" ? ranked : photos);
}

function showLegend() {
  const isOn = byId("guides").checked;
  list.classList.toggle("plain", !isOn);
  byId("legend").hidden = !isOn || !photos.some((photo) => photo.score?.box);
}

/** Moves no card that stands where it should, so that the focus stays. */
function order(wanted) {
  wanted.forEach((photo, place) => {
    const element = byId(photo.id);
    if (list.children[place] !== element) list.insertBefore(element, list.children[place]);
  });
}

byId("choose").addEventListener("click", () => byId("files").click());
byId("files").accept = "image/*,.heic,.heif";
byId("files").addEventListener("change", (event) => {
  add(event.target.files);
  event.target.value = "";
});
byId("camera-open").addEventListener("click", () => openCamera((file) => add([file])));
byId("order").addEventListener("change", update);
byId("guides").addEventListener("change", showLegend);
byId("clear").addEventListener("click", () => {
  forget([...photos]);
  byId("choose").focus();
});

takeDrops(add);
document.body.dataset.ready = "true";
