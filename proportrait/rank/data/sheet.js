// Photos of one person, the best first, each with its near-duplicates; `page.js` stands before it.
const HIGH = 70, LOW = 40;  // parts that are worth a word
const KINDS = { single: "alone", group: "with others" };
const facts = JSON.parse(document.body.dataset.facts);

const caption = item => `rank ${item.rank}, score ${Math.round(item.score)} of 100`;

function guides(item) {
  if (!item.box) return null;
  const svg = overlay(), [x0, y0, x1, y1] = item.box;
  shape(svg, "rect", "face", { x: x0, y: y0, width: x1 - x0, height: y1 - y0 });
  return svg;
}

function overall(item) {
  return make("span", { className: "overall" }, String(Math.round(item.score)), make("small", { textContent: " of 100" }));
}

function bar([name, value]) {
  const fill = make("span", { className: "fill" });
  fill.style.width = `${value}%`;
  return make("li", { className: value >= HIGH ? "high" : value <= LOW ? "low" : "" }, make("span", { textContent: name.replaceAll("_", " ") }),
    make("span", { className: "track", ariaHidden: "true" }, fill), make("span", { className: "number", textContent: Math.round(value) }));
}

function strip(best, chosen) {
  const place = visible.indexOf(best);
  return make("ul", { className: "strip" }, ...[...(chosen ? [best] : []), ...best.similar].map(item => {
    const node = shot(item, place);
    if (item === chosen) node.ariaCurrent = "true";
    return make("li", {}, node, make("b", { textContent: Math.round(item.score) }), ` ${item.folder && `${item.folder}/`}${item.name}`);
  }));
}

// Near-duplicates: in the list they are opened by a click, in the large view one changes over to them.
function alike(best, chosen) {
  if (!best.similar.length) return null;
  const number = best.similar.length, words = number === 1 ? "1 near-duplicate" : `${number} near-duplicates`;
  if (chosen) return make("div", { className: "alike" }, make("p", { textContent: `The best and ${words}:` }), strip(best, chosen));
  const node = make("details", { className: "alike" }, make("summary", { textContent: words }));
  node.addEventListener("toggle", () => { if (node.open && !node.querySelector("ul")) node.append(strip(best)); });
  return node;
}

function details(item, isCard = false) {
  const best = items[item.rank - 1];
  return make("div", { className: "rest" },
    make("p", { className: "facts", textContent: `${KINDS[item.kind]} \u00b7 similarity ${item.similarity.toFixed(2)}` }),
    item.reasons.length ? make("p", { className: "words", textContent: item.reasons.join(" \u00b7 ") }) : null,
    make("ul", { className: "parts", ariaLabel: "Parts of the score" }, ...Object.entries(item.parts).map(bar)),
    alike(best, isCard ? null : item));
}

function card(item, place) {
  const name = title(item);
  name.prepend(make("span", { className: "place", textContent: `${item.rank}.` }));
  return make("article", { className: "card", ariaLabel: alternative(item) }, shot(item, place),
    make("div", { className: "body" }, make("div", { className: "name" }, name, overall(item)), details(item, true)));
}

function drawHead() {
  for (const reference of facts.references) {
    if (reference.image) at("references").append(make("img", { src: reference.image, alt: `Reference: ${reference.name}`, title: reference.name }));
  }
  at("question").append(make("b", { textContent: "This person" }), ` in ${facts.folder}, for the purpose `, make("b", { textContent: facts.purpose }));
  const counts = [[items.length, items.length === 1 ? "photo, the best" : "photos, the best first"]];
  if (facts.photos > items.length) counts.push([facts.photos - items.length, "more, which are not listed"]);
  if (facts.similar) counts.push([facts.similar, facts.similar === 1 ? "near-duplicate" : "near-duplicates"]);
  at("counts").append(...counts.map(([number, words]) =>
    make("div", {}, make("dt", { textContent: words }), make("dd", { textContent: number }))));
}

drawHead();
list(items);
