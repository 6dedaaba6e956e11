// The sound of an alarm. Browsers keep a page silent until a key is pressed in it, so the bar says how it stands in
// this window: off; on, after any key; proven, once the test tone was played, as taking the watch does. An alarm that
// is there sounds every ten seconds; no button silences it but the act that ends it.

let context = null;
const every = 10000;

function start() {
  context ??= new AudioContext();
  return context.resume();
}

function note(hertz, from, seconds) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = hertz;
  volume.gain.setValueAtTime(0.0001, context.currentTime + from);
  volume.gain.exponentialRampToValueAtTime(0.2, context.currentTime + from + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, context.currentTime + from + seconds);
  tone.connect(volume).connect(context.destination);
  tone.start(context.currentTime + from);
  tone.stop(context.currentTime + from + seconds);
}

function on() {
  return context !== null && context.state === "running";
}

function show() {
  const told = document.getElementById("sound");
  if (told) {
    const words = !on() ? told.dataset.off : sessionStorage.getItem("sound") === "proven" ? told.dataset.proven : told.dataset.on;
    if (told.textContent !== words) told.textContent = words;
  }
  const mute = document.getElementById("mute");
  const off = on() || Number(document.body.dataset.alarms) === 0;
  // Not between a press and its release: the page would move under it, and the press would be no click.
  if (mute && off !== mute.hidden) setTimeout(() => (mute.hidden = off), off ? 400 : 0);
}

function alarm() {
  if (on() && Number(document.body.dataset.alarms) > 0) {
    note(880, 0, 0.18);
    note(660, 0.22, 0.18);
    note(880, 0.44, 0.18);
  }
  show();
}

async function test() {
  await start();
  note(660, 0, 0.15);
  note(880, 0.2, 0.25);
  sessionStorage.setItem("sound", "proven");
  show();
}

const button = document.getElementById("tone");
if (button) {
  button.hidden = false;
  button.addEventListener("click", test);
}
document.querySelector("form[data-tone]")?.addEventListener("submit", () => {
  sessionStorage.setItem("tone", "owed"); // played by the page that comes next
});

async function wake() {
  await start();
  if (!on()) return;
  if (!sessionStorage.getItem("sound")) sessionStorage.setItem("sound", "on");
  if (sessionStorage.getItem("tone") === "owed") {
    sessionStorage.removeItem("tone");
    test();
  }
  show();
}

// A window that sounded once goes on sounding from page to page; any key wakes it again.
if (sessionStorage.getItem("sound") || sessionStorage.getItem("tone")) wake();
for (const press of ["keydown", "pointerdown"]) addEventListener(press, () => on() || wake());
document.addEventListener("shown", show);
setInterval(alarm, every);
show();
