// The histogram and the learning curve, drawn by hand.

import { h, svg } from "/page/dom.js";

const WIDE = 320, HIGH = 150, LEFT = 30, RIGHT = 8, BOTTOM = 18, TOP = 8;
export const percent = (share) => (share === null ? "–" : `${Math.round(share * 100)} %`);

/** What models without a label expected of it: positives above the line, negatives below. */
export function histogram({ histogram: { positive, negative }, threshold }) {
  const most = Math.max(1, ...positive, ...negative), bins = positive.length;
  const middle = TOP + (HIGH - TOP - BOTTOM) / 2, reach = middle - TOP, span = WIDE - LEFT - RIGHT;
  const bars = (counts, kind, up) => counts.map((count, place) => {
    const height = (count / most) * reach;
    return count ? svg("rect", {
      class: kind, x: LEFT + (place / bins) * span + 0.5, width: span / bins - 1,
      y: up ? middle - height : middle, height,
    }) : null;
  });
  const at = LEFT + threshold * span;
  const total = (counts) => counts.reduce((a, b) => a + b, 0);
  return h("figure", { class: "chart" },
    svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img",
      "aria-label": `Histogram of what the model expects: ${total(positive)} positives, ${total(negative)} negatives` },
      ...bars(positive, "yes", true), ...bars(negative, "no", false),
      svg("path", { class: "axis", d: `M${LEFT} ${middle} H${WIDE - RIGHT}` }),
      svg("path", { class: "mark", d: `M${at} ${TOP - 4} V${HIGH - BOTTOM}` }),
      label(LEFT, HIGH - 5, "0 negative", "start"), label(LEFT + span / 2, HIGH - 5, "model expects", "middle"),
      label(WIDE - RIGHT, HIGH - 5, "1 positive", "end"),
      label(LEFT - 4, TOP + 8, String(most), "end"), label(LEFT - 4, HIGH - BOTTOM, String(most), "end")),
    h("figcaption", {},
      h("span", { class: "key yes" }, "your positives"), h("span", { class: "key no" }, "your negatives"),
      h("span", { class: "key mark" }, `threshold ${threshold.toFixed(2)}`)));
}

/** Accuracy against the number of labels, with one's own steadiness as the ceiling. */
export function curve(points, ceiling) {
  if (points.length < 2) return null;
  const span = WIDE - LEFT - RIGHT, high = HIGH - TOP - BOTTOM;
  const most = points.at(-1)[0], least = Math.min(0.5, ...points.map(([, share]) => share));
  const px = (labels) => LEFT + (labels / most) * span;
  const py = (share) => TOP + (1 - (share - least) / (1 - least)) * high;
  const path = points.map(([labels, share], place) => `${place ? "L" : "M"}${px(labels)} ${py(share)}`).join(" ");
  const [labels, share] = points.at(-1);
  return h("figure", { class: "chart" },
    svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img",
      "aria-label": `Learning curve: ${percent(share)} right with ${labels} labels` },
      svg("path", { class: "axis", d: `M${LEFT} ${TOP} V${HIGH - BOTTOM} H${WIDE - RIGHT}` }),
      ceiling === null ? null : svg("path", { class: "ceiling", d: `M${LEFT} ${py(ceiling)} H${WIDE - RIGHT}` }),
      svg("path", { class: "line", d: path }),
      ...points.map(([x, y]) => svg("circle", { class: "dot", cx: px(x), cy: py(y), r: 2.5 })),
      ...[least, 1].map((value) => label(LEFT - 4, py(value) + 4, percent(value).replace(" ", ""), "end")),
      label(LEFT, HIGH - 5, "0", "middle"), label(WIDE - RIGHT, HIGH - 5, String(most), "end")),
    h("figcaption", {}, h("span", { class: "key line" }, "right, by number of labels"),
      ceiling === null ? null : h("span", { class: "key ceiling" }, "you against yourself")));
}

const label = (x, y, text, anchor) => svg("text", { x, y, "text-anchor": anchor }, text);
