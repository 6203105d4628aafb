// Elements without HTML in strings: what a file name or a server says is always text.

/** h("p", { class: "x", onclick: f }, "text", child) */
export function h(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** What a server says as a sentence: with a capital letter and a full stop. */
export const sentence = (text) => text && `${text[0].toUpperCase()}${text.slice(1)}${/[.?!"]$/.test(text) ? "" : "."}`;

export const byId = (id) => document.getElementById(id);

/** Text for screen readers; what is said twice is said once. */
export function tell(text) {
  const news = byId("news");
  if (news.textContent !== text) news.textContent = text;
}

for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
