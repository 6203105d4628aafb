// Requests to this server, with its token where it has one.

const KEY = "proportrait-token";

// The address may bring the token behind "#", which browsers send to nobody.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  sessionStorage.setItem(KEY, given);
  history.replaceState(null, "", location.pathname + location.search);
}

export class Problem extends Error {}

/** The response of fetch; a Problem says what is wrong. */
export async function request(path, options = {}) {
  const token = sessionStorage.getItem(KEY);
  const headers = token ? { ...options.headers, Authorization: `Bearer ${token}` } : options.headers;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("the server does not answer: is it still running?");
  }
  if (response.status === 401) {
    await askForToken();
    return request(path, options);
  }
  if (response.ok) return response;
  const text = await response.text();
  try {
    throw new Problem(JSON.parse(text).error);
  } catch (error) {
    throw error instanceof Problem ? error : new Problem("the server is busy: try again later");
  }
}

let asking = null;

/** Ask once, however many requests wait for the token. */
function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById("ask");
    const input = document.getElementById("token");
    input.value = "";
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => {
      sessionStorage.setItem(KEY, input.value.trim());
      asking = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return asking;
}
