// Pictures that are asked for once they come into sight, a few at a time.

import { request } from "/page/request.js";
import { h } from "/page/dom.js";

const AT_ONCE = 6, KEPT = 600; // requests; pictures that stay in memory
const addresses = new Map(); // path -> promise of an address, the one used last at the end
const waiting = new Map(); // image -> path
let loading = 0;

const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) {
      waiting.set(target, target.dataset.path);
    } else {
      waiting.delete(target);
    }
  }
  next();
}, { rootMargin: "300px" });

/** An image of a path of this server. */
export function picture(path, alt, attributes = {}) {
  const image = h("img", { alt, "data-path": path, draggable: "false", ...attributes });
  observer.observe(image);
  return image;
}

/** Forget pictures whose photos may have changed. */
export function forget() {
  addresses.clear();
}

function next() {
  while (waiting.size && loading < AT_ONCE) {
    const [image, path] = waiting.entries().next().value;
    waiting.delete(image);
    observer.unobserve(image);
    load(image, path);
  }
}

async function load(image, path) {
  loading += 1;
  try {
    image.src = await address(path);
    await image.decode();
    image.classList.add("loaded");
  } catch (error) {
    image.classList.add("broken");
    image.alt = `${image.alt}: ${error.message}`;
  }
  loading -= 1;
  next();
}

function address(path) {
  const known = addresses.get(path) ?? fetched(path);
  addresses.delete(path);
  addresses.set(path, known);
  if (addresses.size > KEPT) {
    const [oldest, url] = addresses.entries().next().value;
    addresses.delete(oldest);
    url.then(URL.revokeObjectURL, () => {});
  }
  return known;
}

async function fetched(path) {
  try {
    return URL.createObjectURL(await (await request(path)).blob());
  } catch (error) {
    addresses.delete(path);
    throw error;
  }
}
