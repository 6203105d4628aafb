"use strict";
// A list of pictures and a large view of each, for every page of ours; `items` is what is known of them. A page adds
// its own `card`, `caption`, `overall`, `details`, and `guides`, and calls `list`.
// Text from files reaches the page through textContent and properties alone, never as markup.
const BATCH = 40;
const at = id => document.getElementById(id);
const items = JSON.parse(at("data").textContent);
at("data").remove();

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.filter(child => child !== null));
  return node;
}

// --- a picture, and lines on it in shares of its sides

function overlay() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "guides");
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

function shape(svg, tag, kind, attributes, isLined = true) {
  for (const layer of isLined ? ["under ", ""] : [""]) {  // a dark line below a light one: visible on any picture
    const node = document.createElementNS(svg.namespaceURI, tag);
    node.setAttribute("class", layer + kind);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, `${100 * value}%`);
    svg.append(node);
  }
}

function frame(item, alternative) {
  const ratio = item.size[0] / item.size[1];
  const image = make("img", { alt: alternative, width: item.size[0], height: item.size[1], loading: "lazy", decoding: "async" });
  image.src = item.image;  // after `loading`, or it would not wait
  const node = make("span", { className: "frame" }, image, guides(item));
  node.style.setProperty("--ratio", ratio);
  node.style.aspectRatio = ratio;
  return node;
}

const alternative = item => `${item.name}: ${caption(item)}`;

function title(item) {
  const node = make("h3", { textContent: item.name });
  if (item.folder) node.append(make("span", { className: "folder", textContent: item.folder }));
  return node;
}

function shot(item, place) {
  const node = make("button", { type: "button", className: "shot", ariaLabel: `Large view of ${item.name}` });
  node.append(item.image ? frame(item, alternative(item)) : make("span", { className: "soft", textContent: "no preview" }));
  node.addEventListener("click", () => openLarge(place, item));
  node.addEventListener("focus", () => { current = place; });
  return node;
}

// --- the list

let visible = [], drawn = 0, current = -1, inLarge = -1;

function list(chosen) {
  visible = chosen;
  at("list").replaceChildren();
  [drawn, current] = [0, -1];
  drawMore();
}

function drawMore(end = drawn + BATCH) {
  const batch = visible.slice(drawn, end);
  at("list").append(...batch.map((item, place) => card(item, drawn + place)));
  drawn += batch.length;
  at("more").hidden = drawn >= visible.length;
}

const shotOf = place => at("list").children[place]?.querySelector(".shot");

at("more").addEventListener("click", () => {
  const first = drawn;
  drawMore();
  shotOf(first)?.focus();
});
new IntersectionObserver(entries => { if (entries.some(entry => entry.isIntersecting)) drawMore(); },
  { rootMargin: "1500px" }).observe(at("more"));
addEventListener("beforeprint", () => drawMore(visible.length));

// --- the large view

function openLarge(place, item = visible[place]) {
  current = inLarge = place;
  at("large-name").textContent = item.name;
  at("large-place").textContent = `${place + 1} of ${visible.length}`;
  at("previous").disabled = place === 0;
  at("next").disabled = place === visible.length - 1;
  at("guides").hidden = !guides(item);
  if (item.image) {
    const large = frame(item, alternative(item)), image = large.querySelector("img");
    at("stage").replaceChildren(large);
    if (item.href) {
      const original = make("img");  // it takes the thumbnail's place where it lies beside the report
      original.onload = () => { image.src = original.src; };
      original.src = item.href;
    }
  } else {
    at("stage").replaceChildren(make("p", { className: "soft", textContent: `No preview: ${item.missing}.` }));
  }
  at("stage").classList.toggle("empty", !item.image);
  const link = item.href ? make("a", { href: item.href, target: "_blank", rel: "noopener", textContent: "Open the original" }) : "";
  at("says").replaceChildren(make("p", { className: "name" }, overall(item), " ", link), details(item));
  at("says").scrollTop = 0;
  if (at("large").open) return;
  at("large").showModal();
  at("close").focus();
}

function move(step) {
  const place = current + step;
  if (place < 0 || place >= visible.length) return;
  if (at("large").open) { openLarge(place); return; }
  if (place >= drawn) drawMore(place + BATCH);
  shotOf(place).focus();
  shotOf(place).closest(".card").scrollIntoView({ block: "nearest" });
}

function toggleGuides() {
  const isOff = document.body.classList.toggle("no-guides");
  at("guides").ariaPressed = String(!isOff);
}

const ACTIONS = {
  j: () => move(1), ArrowRight: () => move(1), k: () => move(-1), ArrowLeft: () => move(-1),
  g: toggleGuides,
};

document.addEventListener("keydown", event => {
  const isTyping = event.target.matches("input[type=search], select");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !at("keys").checked) return;
  const action = ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
at("next").addEventListener("click", () => move(1));
at("previous").addEventListener("click", () => move(-1));
at("guides").addEventListener("click", toggleGuides);
at("close").addEventListener("click", () => at("large").close());
at("large").addEventListener("close", () => {  // the browser has moved the focus to where it was opened
  if (inLarge >= drawn) drawMore(inLarge + BATCH);
  shotOf(inLarge)?.focus();
});
