
// The head, the list, and the large view; `picture.js` stands before it in the page.
const BATCH = 40;
const at = id => document.getElementById(id);
const scores = JSON.parse(at("data").textContent);
at("data").remove();

scores.forEach((score, order) => {
  score.order = order;
  const reasons = [...(score.reasons ?? []), ...(score.disagreements ?? [])];
  score.text = [
    score.name, score.folder, result(score), score.error, ...score.notes, ...Object.values(score.unknown ?? {}),
    ...reasons.flatMap(reason => [reason.attribute, reason.text, reason.advice]),
    ...tastes(score).flatMap(([name, taste]) => [name, taste.word, ...[...taste.for, ...taste.against].map(reason => reason.text)]),
  ].join("\n").toLowerCase();
});

// --- the head

const TASTES = [...new Set(scores.flatMap(score => tastes(score).map(([name]) => name)))];
const FILTERS = {
  ...Object.fromEntries(KEYS.map(key => [key, score => failed(score, key)])),
  ...Object.fromEntries(TASTES.map(name => [`taste ${name}`, score => score.tastes?.[name]?.verdict === 0])),
  none: passes,
  "no verdict": isUnclear,
  unreadable: score => Boolean(score.error),
};

function drawHead() {
  const passed = scores.filter(passes).length, marks = scores.map(s => s.overall ?? null).filter(m => m !== null);
  const unclear = scores.filter(isUnclear).length;
  const broken = scores.filter(score => score.error).length;
  marks.sort((a, b) => a - b);
  const median = marks.length ? Math.round((marks[(marks.length - 1) >> 1] + marks[marks.length >> 1]) / 2) : "\u2013";
  const counts = [
    [scores.length, scores.length === 1 ? "picture" : "pictures"], [passed, passed === 1 ? "passes all six" : "pass all six"],
    [median, "median mark of 100"],
  ];
  if (unclear) counts.push([unclear, unclear === 1 ? "lacks a verdict" : "lack a verdict"]);
  if (broken) counts.push([broken, "could not be read"]);
  at("counts").append(...counts.map(([number, words]) =>
    make("div", {}, make("dt", { textContent: words }), make("dd", { textContent: number }))));
  const judged = scores.length - broken;
  for (const key of KEYS) {
    const number = scores.filter(score => failed(score, key)).length, share = judged ? number / judged : 0;
    const fill = make("span", { className: "fill" });
    fill.style.width = `${100 * share}%`;
    at("chart").append(make("li", {}, make("span", { textContent: key }), make("span", { className: "track" }, fill),
      make("span", { className: "number", textContent: `${number} (${Math.round(100 * share)} %)` })));
  }
}

// --- the list

let visible = scores, drawn = 0, current = -1, inLarge = -1;

function card(score, place) {
  const alternative = `${score.name}: ${result(score)}`;
  const shot = make("button", { type: "button", className: "shot", ariaLabel: `Large view of ${score.name}` });
  shot.append(score.image ? frame(score, alternative) : make("span", { className: "soft", textContent: "no preview" }));
  shot.addEventListener("click", () => openLarge(place));
  shot.addEventListener("focus", () => { current = place; });
  const title = make("h3", { textContent: score.name });
  if (score.folder) title.append(make("span", { className: "folder", textContent: score.folder }));
  return make("article", { className: "card", ariaLabel: alternative }, shot,
    make("div", { className: "body" }, make("div", { className: "name" }, title, overall(score)), details(score, 1)));
}

function drawMore(end = drawn + BATCH) {
  const batch = visible.slice(drawn, end);
  at("list").append(...batch.map((score, place) => card(score, drawn + place)));
  drawn += batch.length;
  at("more").hidden = drawn >= visible.length;
}

function matches(score) {
  const words = at("search").value.toLowerCase().split(/\s+/);
  const chosen = [...at("filters").querySelectorAll("[aria-pressed=true]")];
  return words.every(word => score.text.includes(word)) && chosen.every(button => FILTERS[button.value](score));
}

function compare(order) {
  if (order === "name") return (a, b) => a.name.localeCompare(b.name, "en", { numeric: true }) || a.order - b.order;
  const way = order.startsWith("-") ? -1 : 1, key = order.replace(/^-/, "");
  const liked = key.startsWith("taste ") ? key.slice(6) : null;
  const value = score => liked !== null ? score.tastes?.[liked]?.probability ?? null
    : key === "overall" ? score.overall ?? null : mark(score, key);
  return (a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === null || other === null) return (one === null) - (other === null) || a.order - b.order;
    return way * (one - other) || a.order - b.order;
  };
}

function update() {
  visible = scores.filter(matches);
  if (at("sort").value !== "order") visible.sort(compare(at("sort").value));
  at("list").replaceChildren();
  [drawn, current] = [0, -1];
  drawMore();
  if (at("list").getBoundingClientRect().top < 0) at("list").scrollIntoView();
  const all = visible.length === scores.length;
  at("count").textContent = all ? `All ${scores.length} shown` : `${visible.length} of ${scores.length} shown`;
  at("nothing").hidden = visible.length > 0;
  at("reset").hidden = all;
}

function drawTools() {
  for (const [name, test] of Object.entries(FILTERS)) {
    const number = scores.filter(test).length;
    if (!number && !KEYS.includes(name) && test !== passes) continue;
    const button = make("button", { type: "button", value: name, className: test === isUnclear ? "apart" : "", ariaPressed: "false" }, `${name} `, make("span", { textContent: number }));
    button.addEventListener("click", () => {
      button.ariaPressed = String(button.ariaPressed !== "true");
      update();
    });
    at("filters").append(button);
  }
  for (const name of TASTES) at("sort").append(make("option", { value: `-taste ${name}`, textContent: `taste ${name}, highest first` }));
  at("tools").addEventListener("submit", event => event.preventDefault());
  at("search").addEventListener("input", update);
  at("sort").addEventListener("change", update);
  at("more").addEventListener("click", () => {
    const first = drawn;
    drawMore();
    shotOf(first)?.focus();
  });
  at("reset").addEventListener("click", () => {
    at("search").value = "";
    for (const button of at("filters").children) button.ariaPressed = "false";
    update();
    at("search").focus();
  });
  new IntersectionObserver(entries => { if (entries.some(entry => entry.isIntersecting)) drawMore(); },
    { rootMargin: "1500px" }).observe(at("more"));
  addEventListener("beforeprint", () => drawMore(visible.length));
}

const shotOf = place => at("list").children[place]?.querySelector(".shot");

// --- the large view

function openLarge(place) {
  current = inLarge = place;
  const score = visible[place];
  at("large-name").textContent = score.name;
  at("large-place").textContent = `${place + 1} of ${visible.length}`;
  at("previous").disabled = place === 0;
  at("next").disabled = place === visible.length - 1;
  at("guides").hidden = !guides(score);
  if (score.image) {
    const large = frame(score, `${score.name}: ${result(score)}`), image = large.querySelector("img");
    at("stage").replaceChildren(large);
    if (score.href) {
      const original = make("img");  // it takes the thumbnail's place where it lies beside the report
      original.onload = () => { image.src = original.src; };
      original.src = score.href;
    }
  } else {
    at("stage").replaceChildren(make("p", { className: "soft", textContent: `No preview: ${score.missing}.` }));
  }
  at("stage").classList.toggle("empty", !score.image);
  const link = score.href ? make("a", { href: score.href, target: "_blank", rel: "noopener", textContent: "Open the original" }) : "";
  at("says").replaceChildren(make("p", { className: "name" }, overall(score), " ", link), details(score));
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
  g: toggleGuides, "/": () => { if (!at("large").open) at("search").focus(); },
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

drawHead();
drawTools();
update();
