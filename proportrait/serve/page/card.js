// A photo with its verdict.

import { settings } from "./api.js";
import { h, svg } from "./dom.js";
import { advice, hopeless, keys, state, summary, title } from "./verdict.js";

/** The list item of a photo; actions are functions of it: remove, compare. */
export function card(photo, actions) {
  const { score, error } = photo;
  const item = h("li", { class: "card", id: photo.id, tabindex: "-1", "aria-busy": !score && !error && "true" },
    picture(photo),
    h("div", { class: "text" },
      h("h2", {}, photo.name, " ", photo.isBest ? h("span", { class: "badge" }, "best") : null),
      error ? h("p", { class: "error" }, `No verdict: ${error}.`) : null,
      !score && !error ? h("p", { class: "hint" }, "looking at it …") : null,
      ...(score ? verdict(photo, actions) : []),
      photo.crop ? suggestion(photo) : null,
      h("p", { class: "buttons" },
        score && !hopeless(score)
          ? h("button", { type: "button", class: "pick", "aria-pressed": String(photo.isPicked), onclick: () => actions.compare(photo) },
              "Compare", unseen(` ${photo.name}`))
          : null,
        score?.box && !photo.crop
          ? h("button", { type: "button", class: "suggest", disabled: photo.isCropping, onclick: () => actions.crop(photo) },
              photo.isCropping ? "Making the crop …" : "Suggest a crop", unseen(` of ${photo.name}`))
          : null,
        h("button", { type: "button", onclick: () => actions.remove(photo) }, "Remove", unseen(` ${photo.name}`)))));
  return item;
}

/** The crop beside what it changes, or why there is none. */
function suggestion({ crop, score }) {
  if (crop.error) return h("p", { class: "hint" }, `${title(crop.error)}.`);
  const { about, url, file } = crop;
  return h("figure", { class: "crop" },
    h("img", { src: url, alt: "The suggested crop" }),
    h("figcaption", {},
      h("strong", {}, `${score.overall ?? "–"} → ${about.overall ?? "–"} of 100`),
      h("ul", {}, ...about.actions.map((text) => h("li", {}, text))),
      h("a", { href: url, download: file.name, class: "download" }, "Download", unseen(` ${file.name}`))));
}

const unseen = (text) => h("span", { class: "unseen" }, text);

/** The preview with the face and the guides over it. */
export function picture(photo) {
  const image = h("img", { src: photo.url, alt: `Your photo ${photo.name}` });
  const frame = h("div", { class: "preview" }, image);
  image.addEventListener("error", () => {
    frame.replaceChildren(h("p", { class: "hint" }, "This browser cannot show this kind of file."));
  });
  const heat = photo.heat[photo.where];
  if (heat) {
    frame.classList.add("heated");
    frame.append(h("img", { class: "heat", src: heat.url, alt: "" }));
  }
  if (photo.score?.box) frame.append(overlay(photo.score));
  return frame;
}

/** In shares of the picture: where the face is, and where its middle may be. */
function overlay(score) {
  const [x0, y0, x1, y1] = score.box.map((share) => share * 100);
  const { x, y } = settings.guides;
  const box = svg("svg", { class: "overlay", viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "zone", x: x[0] * 100, y: y[0] * 100, width: (x[1] - x[0]) * 100, height: (y[1] - y[0]) * 100 }),
    svg("path", { class: "zone", d: "M50 0 V100" }),
    svg("rect", { class: `face ${state(score, "framing")}`, x: x0, y: y0, width: x1 - x0, height: y1 - y0 }),
    svg("path", { class: `face ${state(score, "framing")}`, d: cross((x0 + x1) / 2, (y0 + y1) / 2) }));
  return box;
}

const cross = (x, y) => `M${x - 2} ${y} H${x + 2} M${x} ${y - 2} V${y + 2}`;

function verdict(photo, actions) {
  const { score } = photo;
  const why = hopeless(score);
  if (why) return [h("p", { class: "error" }, `No verdict: ${why}.`), ...remarks(score)];
  const help = advice(score);
  return [
    h("p", { class: "overall" },
      score.overall === null ? h("strong", {}, "–") : h("strong", {}, String(score.overall)),
      h("span", {}, score.overall === null ? " no mark" : " of 100"),
      h("span", { class: "sum" }, summary(score))),
    help.length
      ? h("div", { class: "advice" }, h("h3", {}, "What helps most"),
          h(help.length > 1 ? "ol" : "ul", {}, ...help.map((text) => h("li", {}, text))))
      : null,
    h("ul", { class: "marks" }, ...keys.map((key) => row(photo, key, actions))),
    ...remarks(score),
  ].filter((part) => part);
}

function row(photo, key, actions) {
  const { score } = photo;
  const mark = score.marks[key];
  const notes = score.reasons.filter((reason) => reason.attribute === key)
    .map((reason) => note(reason, ""));
  notes.push(...score.disagreements.filter((reason) => reason.attribute === key)
    .map((reason) => note(reason, "though ", ` \u2013 if you see it too: ${reason.advice}`)));
  if (score.unknown[key]) notes.push(h("p", {}, score.unknown[key]));
  if (photo.heat[key]) notes.push(...whereabouts(photo, key, actions));
  return h("li", { class: state(score, key) },
    h("span", { class: "name" }, title(key)),
    meter(mark),
    h("span", { class: "mark" }, mark === null ? "–" : String(mark)),
    h("span", { class: "word" }, score.words[key]),
    notes.length ? h("div", { class: "notes" }, ...notes) : null);
}

/** A button that lays over the photo what spoke against an attribute, and what its colour means. */
function whereabouts(photo, key, actions) {
  const isOn = photo.where === key;
  const meanings = { measure: "where this was measured", network: "what the network took for the fault" };
  const meaning = key === "framing" ? "what is too much, or where something is missing" : meanings[photo.heat[key].source];
  return [
    h("p", { class: "where" },
      h("button", { type: "button", class: `where-${key}`, "aria-pressed": String(isOn), onclick: () => actions.where(photo, key) },
        "Show where", unseen(` ${key} fails on ${photo.name}`))),
    isOn ? h("p", {}, h("small", {}, `Orange on the photo: ${meaning}.`)) : null,
  ].filter((part) => part);
}

function note(reason, before, after = "") {
  return h("p", {}, before + reason.text + after, reason.measured ? h("small", {}, reason.measured) : null);
}

export function meter(mark) {
  const bar = h("span", { class: "meter", "aria-hidden": "true" }, h("span", {}));
  bar.firstChild.style.width = `${mark ?? 0}%`;
  return bar;
}

function remarks(score) {
  const notes = [...score.remarks];
  if (score.faces > 1) notes.unshift(`${score.faces} faces: the largest is judged`);
  return notes.map((text) => h("p", { class: "hint" }, `Note: ${text}.`));
}
