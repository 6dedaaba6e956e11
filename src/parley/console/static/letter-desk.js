// The letter desk: what letter-sealed.js does, shown on a page. Files are chosen and saved by the reader; nothing is
// sent. Words of letters are put in as text, never as markup. The key is forgotten when the page is left, and after a
// quarter of an hour in which nothing was done.

import * as letters from "./letter-sealed.js";

const $ = (id) => document.getElementById(id);
const words = JSON.parse($("desk").dataset.words);
const IDLE = 15 * 60 * 1000; // ms
const MOST = { key: 1 << 16, card: 1 << 13, book: 1 << 20, letter: 1 << 20, image: 1 << 20 };
let held = null; // principal, book, the name of the book's file
let unsaved = false;
let waiting = null; // the sealed letter that is not saved yet; it may be once the book was
let idle = 0;

function fill(template, ...values) {
  return template.replace(/\{(\d)\}/g, (_, n) => values[n]);
}

function grouped(bytes) {
  return letters.hex(bytes).replace(/(.{4})(?=.)/g, "$1 ");
}

// Direction marks and other signs that nobody sees are shown by their number, and of a tower of marks the first ones.
function safe(text) {
  return text
    .replace(/(\p{M}{6})\p{M}+/gu, "$1")
    .replace(/[\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, (c) => `<U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`);
}

function say(id, text) {
  $(id).textContent = text;
  $(id).hidden = !text;
}

async function chosen(id, most) {
  const file = $(id).files[0];
  if (!file) throw new letters.Refused("missing");
  if (file.size > most) throw new letters.Refused("big");
  return new Uint8Array(await file.arrayBuffer());
}

const all = (selector) => document.querySelectorAll(selector);

function offer(link, data, name, kind = "application/octet-stream") {
  if (link.href) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([data], { type: kind }));
  link.download = name;
  link.hidden = false;
}

// Does `work` with its button held down; what is refused is said beside it.
async function doing(button, problem, work, refused = "") {
  say(problem, "");
  $(button).disabled = true;
  const label = $(button).textContent;
  $(button).textContent = button === "unlock" ? words.opening : words.working;
  await new Promise((done) => setTimeout(done, 30)); // the word is on the screen before the work begins
  try {
    await work();
  } catch (error) {
    const told = error instanceof letters.Refused ? (words[error.word] ?? words.failed) : words.failed;
    say(problem, [told, refused].filter(Boolean).join(" "));
    if (!(error instanceof letters.Refused)) console.error(error);
  } finally {
    $(button).textContent = label;
    $(button).disabled = button === "seal" && waiting !== null;
    stir();
  }
}

function stir() {
  clearTimeout(idle);
  if (held) idle = setTimeout(forget, IDLE);
}

function forget() {
  if (unsaved || waiting) {
    say("key-problem", words.save); // what is not saved would be lost with the key
    return stir();
  }
  held = null;
  say("key-problem", "");
  for (const id of ["sealed", "opened"]) $(id).hidden = true;
  for (const id of ["passphrase", "key-file", "book-file", "text", "facsimile"]) $(id).value = "";
  $("opened-text").replaceChildren();
  show();
}

function changed(book) {
  if (book === held.book) return;
  held.book = book;
  unsaved = true;
  const file = letters.bookFile(held.principal, book);
  for (const link of all("[data-save-book]")) offer(link, file, held.name);
  show();
}

function show() {
  $("locked").hidden = held !== null;
  $("unlocked").hidden = held === null;
  $("writing").disabled = $("reading").disabled = held === null;
  for (const part of all("[data-unsaved]")) part.hidden = !unsaved;
  const threads = held ? held.book.threads : [];
  $("no-letters").hidden = threads.length > 0;
  $("counterparts").replaceChildren(...threads.map(counterpart));
  if (!held) return;
  $("office").textContent = safe(held.principal.card.office);
  $("our-fingerprint").textContent = grouped(held.principal.card.fingerprint);
}

function counterpart({ office, counterpart, ours, theirs }) {
  const item = document.createElement("li");
  const name = document.createElement("strong");
  name.textContent = safe(office);
  const isOurs = (heard) => heard && ours[heard[0] - 1] && letters.hex(ours[heard[0] - 1]) === letters.hex(heard[1]);
  const read = Math.max(0, ...theirs.filter((one) => isOurs(one.heard)).map((one) => one.heard[0]));
  const highest = Math.max(0, ...theirs.map((one) => one.number));
  const mark = document.createElement("span");
  mark.className = "number muted";
  mark.textContent = letters.hex(counterpart).slice(0, 16);
  item.append(name, " ", mark, " ", fill(words.counted, ours.length, read, theirs.length, highest));
  return item;
}

async function unlock() {
  const [key, book] = [await chosen("key-file", MOST.key), await chosen("book-file", MOST.book)];
  const principal = await letters.unlock(key, $("passphrase").value);
  held = { principal, book: letters.readBook(principal, book), name: $("book-file").files[0].name };
  $("passphrase").value = "";
  show();
  $("to-fingerprint").focus();
}

function paragraphs(text) {
  const lines = text.normalize("NFC").replace(/\r\n?/g, "\n").replace(/\t/g, " ").trimEnd().split("\n");
  return lines.length === 1 && lines[0] === "" ? [] : lines.map((line) => line.trimEnd());
}

const maybe = (id) => $(id).value.trim().normalize("NFC") || null;

async function seal() {
  const card = await chosen("to-card", MOST.card);
  const to = await letters.pinnedCard(card, letters.fingerprintOf($("to-fingerprint").value));
  let image = null;
  if ($("facsimile").files.length) {
    const data = await chosen("facsimile", MOST.image);
    image = [letters.kindOf(data), data];
  }
  const content = {
    language: $("language").value.trim(),
    address: maybe("address"),
    name: maybe("in-whose-name"),
    tier: Number($("tier").value),
    lines: paragraphs($("text").value),
    image,
  };
  const made = await letters.seal(held.principal, held.book, to, content, Math.floor(Date.now() / 1000));
  waiting = { data: made.data, name: `letter-${made.number}.sealed` };
  $("sealed-file").hidden = true;
  $("sealed-told").textContent = fill(words.sealed, made.number, safe(to.office));
  $("sealed").hidden = false;
  changed(made.book);
  $("sealed").querySelector("[data-save-book]").focus();
}

function saved() {
  unsaved = false;
  setTimeout(show, 0); // the click itself is let through first
  say("key-problem", "");
  if (!waiting || !$("sealed-file").hidden) return;
  offer($("sealed-file"), waiting.data, waiting.name);
  setTimeout(() => $("sealed-file").focus(), 0);
}

async function open() {
  $("opened").hidden = true;
  $("sealed").hidden = waiting === null;
  const data = await chosen("letter-file", MOST.letter);
  const card = await chosen("from-card", MOST.card);
  const sender = await letters.pinnedCard(card, letters.fingerprintOf($("from-fingerprint").value));
  const { letter, findings, book } = await letters.open(held.principal, held.book, sender, data);
  $("opened-title").textContent = fill(words.from, letter.number, safe(sender.office));
  $("findings").replaceChildren(...findings.map(finding));
  const at = new Date(letter.written * 1000).toISOString();
  $("opened-when").textContent = fill(words.written, `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`);
  $("opened-tier").textContent = words.tiers[letter.tier - 1];
  const lines = [letter.name, letter.address, ...letter.lines].filter((line) => line !== null);
  $("opened-text").lang = letter.language;
  $("opened-text").replaceChildren(...lines.map(paragraph));
  $("opened-commitment").textContent = grouped(letter.commitment);
  $("opened-facsimile").hidden = true;
  if (letter.image) {
    const [kind, image] = letter.image;
    offer($("opened-facsimile"), image, `letter-${letter.number}.${kind.slice("image/".length)}`, kind);
  }
  $("opened").hidden = false;
  changed(book);
  $("opened").focus();
}

function finding([told, ...numbers]) {
  const item = document.createElement("li");
  if (letters.TROUBLES.has(told)) item.className = "warning";
  const one = numbers.length === 2 && numbers[0] === numbers[1] && words.told[`${told} one`];
  const none = numbers[0] === 0 && words.told[`${told} none`];
  item.textContent = fill(one || none || words.told[told], ...numbers);
  return item;
}

function paragraph(line) {
  const made = document.createElement("p");
  made.dir = "auto";
  made.textContent = safe(line) || "\u00a0";
  return made;
}

if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) {
  say("key-problem", words.insecure);
  $("unlock").disabled = true;
}
$("unlock").addEventListener("click", () => doing("unlock", "key-problem", unlock));
$("passphrase").addEventListener("keydown", (event) => event.key === "Enter" && $("unlock").click());
$("lock").addEventListener("click", forget);
$("seal").addEventListener("click", () => doing("seal", "seal-problem", seal));
$("open").addEventListener("click", () => doing("open", "open-problem", open, words.nothing));
for (const link of all("[data-save-book]")) link.addEventListener("click", saved);
$("sealed-file").addEventListener("click", () => {
  waiting = null;
  $("seal").disabled = false;
  for (const id of ["text", "facsimile"]) $(id).value = "";
});
addEventListener("beforeunload", (event) => (unsaved || waiting) && event.preventDefault());
addEventListener("keydown", stir);
addEventListener("pointerdown", stir);
