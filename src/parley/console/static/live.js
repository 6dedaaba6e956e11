// Keeps a page true. A stream says that something changed and what time it is; the page then fetches itself and
// puts the parts marked data-live in place. The document comes parsed by XMLHttpRequest, so no string is ever made
// into markup here. Focus, open folds and what is being typed stay as they are.

const body = document.body;
const silence = 5000; // ms without a beat, after which the page says that it has lost its stream
let heardAt = performance.now();
let version = null;
let base = { now: Number(body.dataset.now), at: performance.now(), rate: Number(body.dataset.rate) };
let fetching = false;
let again = false;
let pressed = false;
let putOff = false; // a part that was in use is to be put in place when it no longer is
const units = JSON.parse(body.dataset.ages);

export function now() {
  return base.now + (base.rate * (performance.now() - base.at)) / 1000;
}

function two(n) {
  return String(n).padStart(2, "0");
}

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function age(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return fill(units[0], { n: s });
  if (s < 3600) return fill(units[1], { n: Math.floor(s / 60) });
  if (s < 2 * 86400) return fill(units[2], { h: Math.floor(s / 3600), m: two(Math.floor((s % 3600) / 60)) });
  return fill(units[3], { n: Math.floor(s / 86400) });
}

function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function tick() {
  const t = now();
  for (const e of document.querySelectorAll("[data-clock]")) {
    const minutes = Number(e.dataset.clock);
    const at = new Date(Math.floor(t + 60 * minutes) * 1000);
    say(e, `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}${minutes ? "" : e.closest(".civil") ? "" : "Z"}`);
  }
  for (const e of document.querySelectorAll("[data-since]")) say(e, age(t - Number(e.dataset.since)));
  for (const e of document.querySelectorAll("[data-until]")) say(e, age(Number(e.dataset.until) - t));
  const lost = document.getElementById("lost");
  const silent = performance.now() - heardAt;
  if (lost) {
    lost.hidden = silent < silence;
    const since = lost.querySelector("[data-lost]");
    if (since && !lost.hidden) say(since, age(silent / 1000));
  }
  body.classList.toggle("stale", silent >= silence);
}

function busy(part) {
  if (pressed) return true; // a press has begun, and must end as a click where it began
  const at = document.activeElement;
  if (at && at !== body && part.contains(at) && at.matches("input, textarea, select")) return true;
  return part.querySelector("form[data-typed]") !== null;
}

// A part as it is compared: without what runs in it (ages, clocks) and what the officer has unfolded.
function shape(part) {
  return part.outerHTML
    .replace(/ data-(?:since|until)="\d+">[^<]*/g, ">")
    .replace(/( data-clock="-?\d+"[^>]*>)[^<]*/g, "$1")
    .replace(/( id="sound"[^>]*>)[^<]*/g, "$1")
    .replace(/ open=""/g, "");
}

// Nothing but ages is new: they go on from what they are now.
function carry(old, fresh) {
  for (const name of ["since", "until"]) {
    const there = fresh.querySelectorAll(`[data-${name}]`);
    old.querySelectorAll(`[data-${name}]`).forEach((e, n) => {
      if (e.dataset[name] !== there[n].dataset[name]) e.dataset[name] = there[n].dataset[name];
    });
  }
}

function swap(old, fresh) {
  if (shape(old) === shape(fresh)) {
    carry(old, fresh);
    return;
  }
  if (busy(old)) {
    putOff = true;
    return;
  }
  const open = [...old.querySelectorAll("details[open][id]")].map((d) => d.id);
  const at = document.activeElement;
  const held = at && old.contains(at) ? at.getAttribute("href") || at.id : null;
  const placed = document.importNode(fresh, true);
  old.replaceWith(placed);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (held) {
    const there = [...placed.querySelectorAll("a, button, summary")].find((e) => (e.getAttribute("href") || e.id) === held);
    there?.focus({ preventScroll: true });
  }
}

function show(fresh) {
  putOff = false;
  for (const old of document.querySelectorAll("[data-live]")) {
    const part = fresh.getElementById(old.id);
    if (part) swap(old, part);
    else if (!busy(old)) old.replaceChildren();
  }
  document.title = fresh.title;
  body.dataset.alarms = fresh.body.dataset.alarms;
  document.dispatchEvent(new Event("shown"));
  tick();
}

function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  const ask = new XMLHttpRequest();
  const page = body.dataset.page || location.pathname; // not the address of an act that was refused
  ask.open("GET", page);
  ask.responseType = "document";
  ask.onloadend = () => {
    fetching = false;
    const there = ask.responseURL && new URL(ask.responseURL).pathname;
    if (there && there !== new URL(page, location.href).pathname) location.assign("/wall"); // the session has ended; alarms go on there
    else if (ask.status === 200 && ask.response) show(ask.response);
    if (again) {
      again = false;
      refresh();
    }
  };
  ask.send();
}

function listen() {
  const stream = new EventSource(body.dataset.stream);
  stream.onmessage = (event) => {
    const said = JSON.parse(event.data);
    const caughtUp = performance.now() - heardAt >= silence;
    heardAt = performance.now();
    base = { now: said.now, at: heardAt, rate: said.rate };
    const shown = document.querySelector("[data-rate-shown]");
    if (shown) say(shown, String(Math.round(said.rate)));
    if (version !== null && (said.v !== version || caughtUp)) refresh();
    version = said.v;
    tick();
  };
  stream.addEventListener("ended", () => {
    stream.close();
    location.assign("/wall");
  });
  // The browser tries again by itself, but not after an answer that is no stream.
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
  addEventListener("pagehide", () => stream.close());
}

document.addEventListener("input", (event) => {
  event.target.closest("form")?.setAttribute("data-typed", "");
});

function released() {
  setTimeout(() => {
    pressed = false;
    if (putOff) refresh();
  }, 80); // after the click has come
}

if (body.dataset.stream) {
  addEventListener("pointerdown", () => (pressed = true), true);
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, released, true);
  addEventListener("focusout", () => putOff && setTimeout(refresh, 80));
  version = null;
  listen();
  setInterval(tick, 250);
  tick();
}
