// Saves a draft at every keystroke, under the number it has from the first one. One save is on its way at a time;
// what was typed meanwhile goes with the next. A save that fails is said and tried again until it is done.

const form = document.getElementById("draft");
const told = document.getElementById("saved");
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

// What is on its way when the page is left goes once more, by a way that outlives the page.
function leave() {
  if (wanted || saving) navigator.sendBeacon(form.dataset.save, new URLSearchParams(new FormData(form)));
}

if (form && !form.querySelector("fieldset[disabled]")) {
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", () => {
    wanted = saving = false; // the form itself carries what was typed
  });
  addEventListener("beforeunload", leave);
  addEventListener("pagehide", leave);
}
