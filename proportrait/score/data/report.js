// The head, the list, and its tools.
const scores = items;


scores.forEach((score, order) => {
  score.order = order;
  const reasons = [...(score.reasons ?? []), ...(score.disagreements ?? [])];
  score.text = [
    score.name, score.folder, caption(score), score.error, ...score.notes, ...Object.values(score.unknown ?? {}),
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

function card(score, place) {
  return make("article", { className: "card", ariaLabel: alternative(score) }, shot(score, place),
    make("div", { className: "body" }, make("div", { className: "name" }, title(score), overall(score)), details(score, 1)));
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
  const chosen = scores.filter(matches);
  if (at("sort").value !== "order") chosen.sort(compare(at("sort").value));
  list(chosen);
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
  at("reset").addEventListener("click", () => {
    at("search").value = "";
    for (const button of at("filters").children) button.ariaPressed = "false";
    update();
    at("search").focus();
  });
}

// --- where an attribute fails, in the large view

function toggleWhere(score, key, button) {
  const frame = at("stage").querySelector(".frame"), isOn = button.ariaPressed !== "true";
  frame.querySelector(".heat")?.remove();
  for (const other of at("says").querySelectorAll(".where")) other.ariaPressed = String(other === button && isOn);
  frame.classList.toggle("heated", isOn);
  at("stage").scrollIntoView({ block: "nearest" });  // on a phone it lies above the reasons
  if (isOn) frame.querySelector("img").after(make("img", { className: "heat", alt: "", src: `data:image/png;base64,${score.heat[key].png}` }));
}

function nextWhere() {
  const buttons = [...at("says").querySelectorAll(".where")], on = buttons.findIndex(button => button.ariaPressed === "true");
  (buttons[on + 1] ?? buttons[on])?.click();
}

ACTIONS.w = nextWhere;
ACTIONS["/"] = () => { if (!at("large").open) at("search").focus(); };

drawHead();
drawTools();
update();
