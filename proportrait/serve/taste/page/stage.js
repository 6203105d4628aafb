// The picture that is asked, as large as the window allows; it can be zoomed and moved.

import { byId, h } from "/page/dom.js";

const MOST = 8; // times the size that fits
const stage = byId("stage");
let image = null, scale = 1, x = 0, y = 0, grip = null, turn = 0;

/** Show the picture of a question, once it is loaded, or a text. */
export async function show(question, text) {
  const own = (turn += 1);
  if (!question) {
    image = null;
    stage.replaceChildren(h("p", { class: "hint" }, text));
    return;
  }
  const wait = setTimeout(() => {
    if (own === turn) stage.replaceChildren(h("p", { class: "hint" }, "Loading the picture …"));
  }, 150);
  try {
    const loaded = await question.image;
    if (own !== turn) return;
    image = loaded;
    image.alt = `Picture ${question.name}`;
    stage.replaceChildren(image);
    zoom(0);
  } catch {
    // The deck says what is wrong, and goes on with the next picture.
  } finally {
    clearTimeout(wait);
  }
}

/** Zoom in (1), out (-1), or to what fits (0). */
export function zoom(step) {
  scale = step ? Math.min(MOST, Math.max(1, scale * 1.5 ** step)) : 1;
  if (scale === 1) x = y = 0;
  place();
}

function place() {
  if (!image) return;
  const reach = [stage.clientWidth, stage.clientHeight].map((side) => (side * (scale - 1)) / 2);
  x = Math.min(reach[0], Math.max(-reach[0], x));
  y = Math.min(reach[1], Math.max(-reach[1], y));
  image.style.transform = scale === 1 ? "" : `translate(${x}px, ${y}px) scale(${scale})`;
  stage.classList.toggle("zoomed", scale > 1);
}

stage.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && scale === 1) return; // the window scrolls
  event.preventDefault();
  zoom(event.deltaY < 0 ? 0.5 : -0.5);
}, { passive: false });
stage.addEventListener("dblclick", () => zoom(scale === 1 ? 2 : 0));
stage.addEventListener("pointerdown", (event) => {
  if (scale === 1) return;
  grip = { x: event.clientX - x, y: event.clientY - y };
  stage.setPointerCapture(event.pointerId);
});
stage.addEventListener("pointermove", (event) => {
  if (!grip) return;
  x = event.clientX - grip.x;
  y = event.clientY - grip.y;
  place();
});
stage.addEventListener("pointerup", () => (grip = null));
