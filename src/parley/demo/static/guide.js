// Keeps the guide true: asks for the page again once a second and puts in place what has changed. A form is sent
// without leaving the page; without this script it is sent as any form, and the page is true as of its last load.

const EVERY_MS = 1000;
const STALE_MS = 5000;
const stale = document.getElementById("stale");
let heardAt = performance.now();
let asking = false;

// Changes only what differs, so that a button under the pointer, the focus and the scrolling stay what they are.
function follow(shown, fresh) {
  if (shown.nodeType !== fresh.nodeType || shown.nodeName !== fresh.nodeName || shown.id !== fresh.id) {
    shown.replaceWith(document.adoptNode(fresh));
    return;
  }
  if (shown.nodeType !== Node.ELEMENT_NODE) {
    if (shown.data !== fresh.data) shown.data = fresh.data;
    return;
  }
  for (const { name } of [...shown.attributes]) if (!fresh.hasAttribute(name)) shown.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  }
  const before = [...shown.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((child, at) => {
    if (at < before.length) follow(before[at], child);
    else shown.append(document.adoptNode(child));
  });
  for (const child of before.slice(after.length)) child.remove();
}

function putInPlace(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const shown = document.getElementById(fresh.id);
    if (shown && shown.innerHTML !== fresh.innerHTML) follow(shown, fresh);
  }
  heardAt = performance.now();
  stale.hidden = true;
}

async function ask(url, how) {
  const answer = await fetch(url, { ...how, cache: "no-store", signal: AbortSignal.timeout(STALE_MS) });
  putInPlace(await answer.text());
}

async function again() {
  if (asking || document.hidden) return;
  asking = true;
  try {
    await ask(location.pathname + location.search);
  } catch {
    stale.hidden = performance.now() - heardAt < STALE_MS;
  } finally {
    asking = false;
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches(".g-act")) return;
  event.preventDefault();
  const fields = new URLSearchParams(new FormData(form));
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-busy", "true");
  try {
    await ask(form.action, { method: "POST", body: fields });
  } catch {
    stale.hidden = false;
  }
});

document.addEventListener("visibilitychange", again);
setInterval(again, EVERY_MS);
