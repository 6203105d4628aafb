// Arrows move among the elements of a grid, of which one is in the order of the Tab key.

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

/** Let the elements of a container that match a selector be moved among by arrows. */
export function rove(container, selector) {
  const all = () => [...container.querySelectorAll(selector)];
  container.addEventListener("focusin", ({ target }) => {
    const chosen = target.closest(selector);
    if (chosen) all().forEach((element) => (element.tabIndex = element === chosen ? 0 : -1));
  });
  container.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const elements = all(), place = elements.indexOf(document.activeElement);
    if (place < 0) return;
    const top = (element) => element.getBoundingClientRect().top;
    const wide = elements.filter((element) => Math.abs(top(element) - top(elements[0])) < 4).length;
    const step = { ...STEPS, ArrowUp: -wide, ArrowDown: wide }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const target = elements[Math.min(elements.length - 1, Math.max(0, place + step))];
    target.focus();
    target.scrollIntoView({ block: "nearest" });
  });
}

/** Put elements into a container; one that stands where it should is not moved, so that the focus stays. */
export function place(container, elements) {
  const focus = document.activeElement;
  const isKept = new Set(elements);
  [...container.children].filter((element) => !isKept.has(element)).forEach((element) => element.remove());
  elements.forEach((element, number) => {
    if (container.children[number] !== element) container.insertBefore(element, container.children[number] ?? null);
  });
  if (focus !== document.activeElement && container.contains(focus)) focus.focus({ preventScroll: true });
}

/** Keep exactly one element in the order of the Tab key. */
export function settle(container, selector) {
  const elements = [...container.querySelectorAll(selector)];
  const chosen = elements.find((element) => element.tabIndex === 0) ?? elements[0];
  elements.forEach((element) => (element.tabIndex = element === chosen ? 0 : -1));
}
