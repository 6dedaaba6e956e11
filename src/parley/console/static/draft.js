// Saves a draft at every keystroke, under the number it has from the first one. One save is on its way at a time;
// what was typed meanwhile goes with the next. A save that fails is said and tried again until it is done.

const form = document.getElementById("draft");
const told = document.getElementById("saved");
const kept = form && `draft ${form.elements.about.value}`;
let wanted = false;
let saving = false;

function say(words) {
  told.textContent = words;
}

async function save() {
  if (saving) return;
  saving = true;
  wanted = false;
  say(told.dataset.saving);
  try {
    const answer = await fetch(form.dataset.save, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      redirect: "error",
    });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error || "");
    if (!wanted) sessionStorage.removeItem(kept);
    const at = new Date(said.saved_at * 1000).toISOString();
    say(`${told.dataset.saved} ${at.slice(11, 19)}Z`);
  } catch (problem) {
    wanted = true;
    say(problem.message && problem.name === "Error" ? problem.message : told.dataset.failed);
    await new Promise((done) => setTimeout(done, 1500));
  }
  saving = false;
  if (wanted) save();
}

function changed() {
  wanted = true;
  save();
}

// What is on its way when the page is left goes once more, by a way that outlives the page, and is kept in this
// window until a save of it was answered: the page may be asked for again before it has arrived.
function leave() {
  if (!wanted && !saving) return;
  const typed = new FormData(form);
  navigator.sendBeacon(form.dataset.save, new URLSearchParams(typed));
  sessionStorage.setItem(kept, JSON.stringify([...typed].filter(([name]) => name !== "csrf")));
}

function takeUp() {
  const left = sessionStorage.getItem(kept);
  if (left === null) return;
  for (const [name, value] of JSON.parse(left)) {
    const field = form.elements[name];
    if (field && field.type !== "hidden" && field.value !== value) field.value = value;
  }
  changed();
}

if (form && !form.querySelector("fieldset[disabled]")) {
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", () => {
    wanted = saving = false; // the form itself carries what was typed
    sessionStorage.removeItem(kept);
  });
  addEventListener("beforeunload", leave);
  addEventListener("pagehide", leave);
  takeUp();
}
