// Parts of a score: their names, and how they are drawn.

import { h, svg } from "/page/dom.js";

export const TITLES = {
  taste: "To your taste",
  lighting: "Light", background: "Background", attire: "Clothes", expression: "Expression",
  framing: "Framing", sharpness: "Picture sharp", eyes: "Eyes open", gaze: "Looks at the camera",
  face_sharpness: "Face sharp", pose: "Faces the camera", size: "Face large", smile: "Smile",
  inside: "Face whole", good_faces: "Good faces around",
};
const GOOD = 70, BAD = 40; // as the server's words have them

const state = (value) => (value >= GOOD ? "good" : value <= BAD ? "bad" : "unknown");

export function meter(value) {
  const bar = h("span", { class: "meter", "aria-hidden": "true" }, h("span", {}));
  bar.firstChild.style.width = `${value}%`;
  return bar;
}

/** A list of the parts of a row, as they are weighed. */
export function partsList({ parts, taste }) {
  return h("ul", { class: "parts" }, ...Object.entries(parts).map(([name, value]) => {
    const isKnown = name !== "taste" || taste === "asked";
    return h("li", { class: isKnown ? state(value) : "unknown" }, h("span", { class: "part" }, TITLES[name] ?? name),
      meter(value), h("span", { class: "mark" }, isKnown ? String(Math.round(value)) : "?"));
  }));
}

/** What a row lacks of a taste, or null. */
export const tasteNote = ({ taste }) => ({ waiting: "Not asked for its taste yet: counts 50", failed: "No taste: it cannot be looked at" })[taste] ?? null;

/** A frame around the face over a picture. */
export function frame([x0, y0, x1, y1]) {
  return svg("svg", { class: "overlay", viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "face", x: x0 * 100, y: y0 * 100, width: (x1 - x0) * 100, height: (y1 - y0) * 100 }));
}

export const kindWord = (kind) => (kind === "single" ? "alone" : "in a group");
