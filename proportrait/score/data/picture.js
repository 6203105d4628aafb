// What is told of one picture.
const KEYS = document.body.dataset.keys.split(" ");
const SIGNS = { good: "\u2713", bad: "\u2717", unknown: "?", unasked: "\u2013" };

// --- what is known of a picture

const verdict = (score, key) => ({ 1: "good", 0: "bad" })[score.verdicts?.[key]] ?? "unknown";
const failed = (score, key) => verdict(score, key) === "bad";
const passes = score => KEYS.every(key => verdict(score, key) === "good");
const isUnclear = score => !score.error && KEYS.some(key => verdict(score, key) === "unknown");
const mark = (score, key) => score.marks?.[key] ?? null;
const failedKeys = score => score.failed ?? [];  // the lowest mark first
const isUnasked = (score, key) => score.unasked?.includes(key) ?? false;

function caption(score) {
  if (score.error) return "could not be judged";
  const bad = failedKeys(score);
  if (bad.length) return `fails ${bad.join(", ")}`;
  return passes(score) ? "passes all six" : "lacks verdicts";
}

const tastes = score => Object.entries(score.tastes ?? {});
const rangeOf = reason => reason.allowed ?? reason.usual;  // limits of one's own, or what is usual

// --- guides: the face and where it usually lies

function guides(score) {
  if (!score.box || !(failed(score, "framing") || score.faces > 1)) return null;
  const svg = overlay();
  const [x0, y0, x1, y1] = score.box, width = x1 - x0, height = y1 - y0;
  const measured = Object.fromEntries((score.reasons ?? []).filter(r => r.measure).map(r => [r.measure, r]));
  const face = () => shape(svg, "rect", "face", { x: x0, y: y0, width, height });
  const lies = Math.abs(measured["framing.PictureTilt"]?.value ?? 0) > 45;  // measured as if it stood
  if (lies || !failed(score, "framing")) { face(); return svg; }
  const across = (y, kind) => shape(svg, "line", kind, { x1: 0, x2: 1, y1: y, y2: y });
  const down = (x, kind) => shape(svg, "line", kind, { x1: x, x2: x, y1: 0, y2: 1 });
  const write = (y, text) => {
    shape(svg, "text", "", { x: .02, y: Math.max(.05, y - .01) }, false);
    svg.lastChild.textContent = text;
  };
  for (const share of [1 / 3, 2 / 3]) { across(share, "third"); down(share, "third"); }
  const range = reason => { const [low, high] = rangeOf(reason); return [.5 + (low ?? -.5), .5 + (high ?? .5)]; };
  if (measured["framing.HorizontalOffset"]) {
    const [low, high] = range(measured["framing.HorizontalOffset"]);
    shape(svg, "rect", "band", { x: low, y: 0, width: high - low, height: 1 }, false);
  }
  if (measured["framing.VerticalOffset"]) {
    const [low, high] = range(measured["framing.VerticalOffset"]);
    shape(svg, "rect", "band", { x: 0, y: low, width: 1, height: high - low }, false);
  }
  down(.5, "dash");
  face();
  const size = measured["framing.HeadSize"];
  if (size) {
    const [least, most] = rangeOf(size);
    const usual = Math.min(Math.max(size.value, least ?? 0), most ?? Infinity) / size.value;
    shape(svg, "rect", "face dash", { x: x0 + width * (1 - usual) / 2, y: y0 + height * (1 - usual) / 2, width: width * usual, height: height * usual });
  }
  const crown = y0 - .25 * height;  // as the measure of a cut head has it
  if (crown > 0) { across(crown, "dash level"); write(crown, "top of the head"); }
  if (y1 < 1) { across(y1, "dash level"); write(y1, "chin"); }
  return svg;
}

// --- verdicts, reasons, advice

function chip(score, key) {
  const kind = isUnasked(score, key) ? "unasked" : verdict(score, key);
  const number = kind === "unasked" ? null : mark(score, key), words = score.words[key];
  return make("li", { className: `chip ${kind}` }, make("b", { textContent: `${SIGNS[kind]} ${key}` }),
    number === null ? words : `${words} \u00b7 ${number}`);
}

const tasteChip = ([name, taste]) => {
  const kind = taste.verdict ? "good" : "bad";
  return make("li", { className: `chip ${kind} taste`, title: `Taste ${name}: positive from ${percent(taste.threshold)} on` },
    make("b", { textContent: `${SIGNS[kind]} taste ${name}` }), `${taste.word} \u00b7 ${percent(taste.probability)}`);
};
const percent = share => `${Math.round(100 * share)}\u00a0%`;

function gauge(reason) {
  const { value } = reason, [low, high] = rangeOf(reason);
  const known = [value, low, high].filter(end => end !== null);
  const room = .2 * (Math.max(...known) - Math.min(...known) || 1);
  const start = low === null ? Math.min(high >= 0 ? 0 : high - 4 * room, value - room) : Math.min(low, value) - room;
  const end = Math.max(...known) + (high === null ? 3 : 1) * room;
  const place = position => `${100 * (position - start) / (end - start)}%`;
  const usual = make("span", { className: "usual" }), stroke = make("span", { className: "value" });
  usual.style.left = place(low ?? start);
  usual.style.right = `${100 * (end - (high ?? end)) / (end - start)}%`;
  stroke.style.left = place(value);
  return make("span", { className: "gauge" }, make("span", { className: "track", ariaHidden: "true" }, usual, stroke),
    reason.measured);
}

function line(kind, name, text, reason = {}, more = "") {
  const words = make("span", {}, make("strong", { textContent: name }), ` ${text}.`,
    make("span", { className: "soft", textContent: more }),
    reason.advice ? make("span", { className: "advice", textContent: reason.advice }) : null);
  return make("li", { className: `line ${kind}` }, words, reason.measure ? gauge(reason) : null);
}

const MEANINGS = { measure: "where this was measured", network: "what the network took for the fault" };

// A button that lays over the large picture what spoke against an attribute; see `toggleWhere`.
function where(score, key) {
  const meaning = key === "framing" ? "what is too much, or where something is missing" : MEANINGS[score.heat[key].source];
  const button = make("button", { type: "button", className: "where", ariaPressed: "false", ariaLabel: `Show where ${key} fails`,
    textContent: "Show where" });
  button.addEventListener("click", () => toggleWhere(score, key, button));
  return make("span", { className: "whereabouts" }, button, make("span", { className: "soft", textContent: `Orange: ${meaning}.` }));
}

function findings(score, most) {
  const list = make("ul", { className: "reasons" });
  if (score.error) list.append(line("", "Not judged:", score.error));
  for (const key of failedKeys(score)) {
    const reasons = score.reasons.filter(reason => reason.attribute === key), rest = reasons.length - most;
    reasons.slice(0, most).forEach((reason, place) => {
      const isSaid = place && reasons[place - 1].advice === reason.advice;  // two reasons may have one cure
      const more = rest > 0 ? ` (and ${rest} more)` : "";
      const item = line("", `${key}:`, reason.text, isSaid ? { ...reason, advice: "" } : reason, more);
      if (!place && most === Infinity && score.image && score.heat?.[key]) item.firstChild.append(where(score, key));
      list.append(item);
    });
  }
  if (score.unasked?.length) list.append(line("why", `${score.unasked.join(", ")} not asked:`, document.body.dataset.unasked));
  const unknown = score.unknown ?? {};
  for (const why of new Set(Object.values(unknown))) {
    const keys = KEYS.filter(key => unknown[key] === why);
    list.append(line("why", `no verdict on ${keys.length === KEYS.length ? "any of the six" : keys.join(", ")}:`, why));
  }
  for (const reason of score.disagreements ?? []) {
    list.append(line("though", `${reason.attribute} is good to the model, though`, reason.text, { ...reason, advice: `If you see it too: ${reason.advice}` }));
  }
  for (const [name, taste] of tastes(score)) {
    for (const [word, reasons] of [["for", taste.for], ["against", taste.against]]) {
      for (const reason of reasons.slice(0, most)) list.append(line("why", `taste ${name}, ${word}:`, reason.text));
    }
  }
  return list;
}

function details(score, most = Infinity) {
  const node = make("div", { className: "rest" });
  if (!score.error) {
    const chips = [...KEYS.map(key => chip(score, key)), ...tastes(score).map(tasteChip)];
    node.append(make("ul", { className: "chips", ariaLabel: "Verdicts" }, ...chips));
  }
  node.append(findings(score, most), ...score.notes.map(note => make("p", { className: "notes", textContent: `Note: ${note}.` })));
  return node;
}

function overall(score) {
  const node = make("span", { className: "overall" });
  if ((score.overall ?? null) === null) return node;
  node.append(String(score.overall), make("small", { textContent: " of 100" }));
  return node;
}
