// Letters between principals in a browser: what docs/spec/15 says of cards, letters, seals and letter books, and the
// key file as keys/principal.py writes it. No page is known here; letter-desk.js shows it.
//
// ML-KEM, SHA3, Argon2id and AES-GCM-SIV are noble's, unmodified; Ed25519, X25519, AES-GCM, HMAC and SHA-256 are the
// browser's own. The journeys put every vector of vectors/letters through this file.

import { gcmsiv } from "./noble/ciphers/aes.js";
import { argon2idAsync } from "./noble/hashes/argon2.js";
import { sha3_256 } from "./noble/hashes/sha3.js";
import { ml_kem768 } from "./noble/post-quantum/ml-kem.js";

const subtle = globalThis.crypto?.subtle;
const utf8 = new TextEncoder();
const U32 = 0xffffffff;
const FILE_MOST = 1 << 20;
const PAD = 1024;
const PADDED_MOST = 1022 * PAD;
const SEAL = 1136; // enc before, tag after
const PARAGRAPHS_MOST = 128;
const LABELS = {
  card: "parley/principal/1",
  letter: "parley/letter/1",
  sealed: "parley/sealed-letter/1",
  content: "parley/letter-content/1",
  key: "parley/principal-key/1",
  wrap: "parley/wrap/1",
  book: "parley/letter-book/1",
  bookFile: "parley/letter-book-file/1",
};

// What is refused, by a word that the page has a sentence for.
export class Refused extends Error {
  constructor(word) {
    super(word);
    this.word = word;
  }
}

function need(holds, word) {
  if (!holds) throw new Refused(word);
}

// --- bytes ------------------------------------------------------------------------------------

export function hex(bytes) {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

export function unhex(text, word = "file") {
  need(typeof text === "string" && text.length % 2 === 0 && /^[0-9a-f]*$/.test(text), word);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function fingerprintOf(typed) {
  const found = typed.replace(/[\s:]/g, "").toLowerCase();
  need(/^[0-9a-f]{64}$/.test(found), "fingerprint");
  return unhex(found);
}

function join(...parts) {
  const made = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    made.set(part, at);
    at += part.length;
  }
  return made;
}

function same(a, b) {
  return a instanceof Uint8Array && b instanceof Uint8Array && a.length === b.length && a.every((x, i) => x === b[i]);
}

function order(a, b) {
  const x = hex(a);
  const y = hex(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

const isBytes = (v, size) => v instanceof Uint8Array && (size === undefined || v.length === size);
const isNumber = (v, low, high) => Number.isInteger(v) && v >= low && v <= high;

function isText(v, most) {
  return (
    typeof v === "string" &&
    v.isWellFormed() &&
    utf8.encode(v).length <= most &&
    v.normalize("NFC") === v &&
    !/[\u0000-\u001f\u007f-\u009f]/.test(v)
  );
}

// --- CBOR: the part of the subset that occurs here (spec 2) --------------------------------------

function head(major, n) {
  const first = major << 5;
  if (n < 24) return Uint8Array.of(first | n);
  if (n < 0x100) return Uint8Array.of(first | 24, n);
  if (n < 0x10000) return Uint8Array.of(first | 25, n >> 8, n & 255);
  return Uint8Array.of(first | 26, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255);
}

export function encode(value) {
  if (value === null) return Uint8Array.of(0xf6);
  if (isNumber(value, 0, U32)) return head(0, value);
  if (isBytes(value)) return join(head(2, value.length), value);
  if (typeof value === "string") {
    need(value.isWellFormed(), "text");
    const bytes = utf8.encode(value);
    return join(head(3, bytes.length), bytes);
  }
  need(Array.isArray(value), "file");
  return join(head(4, value.length), ...value.map(encode));
}

export function decode(data) {
  need(data.length <= FILE_MOST, "file");
  const [value, end] = get(data, 0, 0);
  need(end === data.length, "file");
  return value;
}

function get(data, start, depth) {
  need(depth <= 8 && start < data.length, "file");
  const first = data[start];
  if (first === 0xf6) return [null, start + 1];
  const major = first >> 5;
  const low = first & 31;
  need((major === 0 || (major >= 2 && major <= 4)) && low <= 26, "file");
  const more = low < 24 ? 0 : 1 << (low - 24);
  let at = start + 1 + more;
  need(at <= data.length, "file");
  let n = low < 24 ? low : 0;
  for (let i = 0; i < more; i++) n = n * 256 + data[start + 1 + i];
  need(same(head(major, n), data.subarray(start, at)), "file"); // the shortest form, and no other
  if (major === 0) return [n, at];
  need(n <= data.length - at, "file");
  if (major === 4) {
    const items = [];
    for (let i = 0; i < n; i++) {
      const [item, end] = get(data, at, depth + 1);
      items.push(item);
      at = end;
    }
    return [items, at];
  }
  const piece = data.slice(at, at + n);
  if (major === 2) return [piece, at + n];
  try {
    return [new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(piece), at + n];
  } catch {
    throw new Refused("file");
  }
}

function array(value, size) {
  need(Array.isArray(value) && value.length === size, "file");
  return value;
}

// --- hashes, HMAC, signatures ---------------------------------------------------------------------

export async function sha256(data) {
  return new Uint8Array(await subtle.digest("SHA-256", data));
}

async function hmac(key, data) {
  const held = key.length ? key : new Uint8Array(32); // an empty key is one of zeros; browsers refuse the empty one
  const made = await subtle.importKey("raw", held, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await subtle.sign("HMAC", made, data));
}

const PKCS8 = { Ed25519: "302e020100300506032b657004220420", X25519: "302e020100300506032b656e04220420" };

function privateKey(name, seed, use) {
  return subtle.importKey("pkcs8", join(unhex(PKCS8[name]), seed), { name }, false, [use]);
}

const P = 2n ** 255n - 19n;
const SMALL = new Set(
  // the y of the points of small order
  [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  ],
);

function power(base, exponent) {
  let found = 1n;
  for (let b = ((base % P) + P) % P, e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) if (e & 1n) found = (found * b) % P;
  return found;
}

// SU-2: canonical, on the curve, and of large order.
export function isKey(key) {
  if (!isBytes(key, 32)) return false;
  const y = key.slice();
  y[31] &= 127;
  if (SMALL.has(hex(y))) return false;
  const n = BigInt("0x" + hex(y.reverse()));
  if (n >= P) return false;
  const d = (-121665n * power(121666n, P - 2n)) % P;
  const yy = (n * n) % P;
  return power((yy - 1n) * (d * yy + 1n), (P - 1n) / 2n) === 1n;
}

const PROTECTED = "a20127045820"; // {1: -8, 4: (32 bytes)}

function toBeSigned(kid, payload) {
  return encode(["Signature1", join(unhex(PROTECTED), kid), new Uint8Array(0), payload]);
}

// A tagged COSE_Sign1 of one form: its payload, if the key signed it.
async function signedPayload(data, keyOf, word) {
  const begins = join(unhex("d2845826" + PROTECTED));
  const payloadAt = begins.length + 33;
  need(data.length > payloadAt + 66 && same(data.subarray(0, begins.length), begins) && data[payloadAt - 1] === 0xa0, word);
  const kid = data.slice(begins.length, payloadAt - 1);
  let rest;
  try {
    rest = decode(join(Uint8Array.of(0x82), data.subarray(payloadAt)));
  } catch {
    throw new Refused(word);
  }
  const [payload, signature] = rest;
  need(isBytes(payload) && isBytes(signature, 64), word);
  const key = keyOf(payload);
  need(same(kid, await sha256(key)), word);
  const made = await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  need(await subtle.verify({ name: "Ed25519" }, made, signature, toBeSigned(kid, payload)), word);
  return payload;
}

async function sign(principal, payload) {
  const kid = await sha256(principal.card.signingKey);
  const key = await privateKey("Ed25519", principal.signingSeed, "sign");
  const signature = new Uint8Array(await subtle.sign({ name: "Ed25519" }, key, toBeSigned(kid, payload)));
  return join(unhex("d2845826" + PROTECTED), kid, Uint8Array.of(0xa0), encode(payload), encode(signature));
}

// --- cards (15.1) ---------------------------------------------------------------------------------

export async function readCard(data) {
  let fields;
  const payload = await signedPayload(
    data,
    (bytes) => {
      fields = array(decode(bytes), 4);
      const [label, office, sealing, signing] = fields;
      need(label === LABELS.card && isText(office, 128) && office.trim() !== "", "card");
      need(isBytes(sealing, 1216) && isKey(signing), "card");
      return signing;
    },
    "card",
  );
  const [, office, sealingKey, signingKey] = fields;
  return { office, sealingKey, signingKey, fingerprint: await sha256(payload), data };
}

export async function pinnedCard(data, fingerprint) {
  const card = await readCard(data);
  need(same(card.fingerprint, fingerprint), "pin");
  return card;
}

// --- HPKE with X-Wing (3.3) -----------------------------------------------------------------------

const SUITE_ID = join(utf8.encode("HPKE"), Uint8Array.of(0x64, 0x7a, 0, 1, 0, 2));
const VERSION = utf8.encode("HPKE-v1");
const X_WING = unhex("5c2e2f2f5e5c");
const NONE = new Uint8Array(0);

const extract = (salt, label, ikm) => hmac(salt, join(VERSION, SUITE_ID, utf8.encode(label), ikm));

async function expand(key, label, info, size) {
  const told = join(Uint8Array.of(0, size), VERSION, SUITE_ID, utf8.encode(label), info, Uint8Array.of(1));
  return (await hmac(key, told)).slice(0, size);
}

async function schedule(shared, info) {
  const context = join(
    Uint8Array.of(0),
    await extract(NONE, "psk_id_hash", NONE),
    await extract(NONE, "info_hash", info),
  );
  const secret = await extract(shared, "secret", NONE);
  return [await expand(secret, "key", context, 32), await expand(secret, "base_nonce", context, 12)];
}

const combined = (fromKem, fromCurve, point, curveKey) => sha3_256(join(fromKem, fromCurve, point, curveKey, X_WING));

async function agreed(secret, point) {
  const other = await subtle.importKey("raw", point, { name: "X25519" }, false, []);
  return new Uint8Array(await subtle.deriveBits({ name: "X25519", public: other }, secret, 256));
}

export async function hpkeSeal(sealingKey, plain, info) {
  const [kemKey, curveKey] = [sealingKey.slice(0, 1184), sealingKey.slice(1184)];
  const { cipherText, sharedSecret } = ml_kem768.encapsulate(kemKey);
  const pair = await subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
  const point = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
  const shared = combined(sharedSecret, await agreed(pair.privateKey, curveKey), point, curveKey);
  const [key, iv] = await schedule(shared, info);
  const made = await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  return join(cipherText, point, new Uint8Array(await subtle.encrypt({ name: "AES-GCM", iv }, made, plain)));
}

export async function hpkeOpen(seed, publicKey, sealed, info) {
  const { secretKey } = ml_kem768.keygen(seed.slice(0, 64));
  const point = sealed.slice(1088, 1120);
  try {
    const fromKem = ml_kem768.decapsulate(sealed.slice(0, 1088), secretKey);
    const fromCurve = await agreed(await privateKey("X25519", seed.slice(64), "deriveBits"), point);
    const [key, iv] = await schedule(combined(fromKem, fromCurve, point, publicKey.slice(1184)), info);
    const made = await subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
    return new Uint8Array(await subtle.decrypt({ name: "AES-GCM", iv }, made, sealed.slice(1120)));
  } catch {
    return null;
  }
}

export async function publicOf(seed) {
  const { publicKey } = ml_kem768.keygen(seed.slice(0, 64));
  const secret = await privateKey("X25519", seed.slice(64), "deriveBits");
  const base = new Uint8Array(32);
  base[0] = 9;
  return join(publicKey, await agreed(secret, base));
}

// --- letters (15.2 to 15.4) -----------------------------------------------------------------------

export const commitmentOf = (signed) => sha256(encode([LABELS.content, signed]));

function isRaster(kind, data) {
  const begins = hex(data.slice(0, 12));
  if (kind === "image/png") return begins.startsWith("89504e470d0a1a0a");
  if (kind === "image/jpeg") return begins.startsWith("ffd8ff");
  return kind === "image/webp" && begins.startsWith("52494646") && begins.slice(16) === "57454250";
}

export function kindOf(data) {
  const found = ["image/png", "image/jpeg", "image/webp"].find((kind) => isRaster(kind, data));
  need(found, "facsimile");
  return found;
}

function checkLetter(value) {
  const [label, salt, sender, addressee, number, previous, heard, written, language, address, name, tier, lines, image] =
    array(value, 14);
  need(label === LABELS.letter && isBytes(salt, 32) && isBytes(sender, 32) && isBytes(addressee, 32), "letter");
  need(isNumber(number, 1, U32) && isNumber(written, 0, U32) && isNumber(tier, 1, 3), "letter");
  need(previous === null || isBytes(previous, 32), "letter");
  need(heard === null || (array(heard, 2) && isNumber(heard[0], 1, U32) && isBytes(heard[1], 32)), "letter");
  need(isText(language, 16) && (address === null || isText(address, 256)), "text");
  need(name === null || isText(name, 128), "text");
  need(Array.isArray(lines) && lines.length <= PARAGRAPHS_MOST && lines.every((one) => isText(one, 1600)), "text");
  need(image === null || (array(image, 2) && typeof image[0] === "string" && isBytes(image[1])), "letter");
  need(image === null || isRaster(image[0], image[1]), "facsimile");
  need(lines.length > 0 || image !== null, "empty");
  return { sender, addressee, number, previous, heard, written, language, address, name, tier, lines, image };
}

function padded(signed) {
  const size = (Math.floor(signed.length / PAD) + 1) * PAD;
  need(size <= PADDED_MOST, "long");
  const made = new Uint8Array(size);
  made.set(signed);
  made[signed.length] = 0x80;
  return made;
}

function unpadded(plain) {
  let end = plain.length - 1;
  while (end >= 0 && plain[end] === 0) end--;
  need(end >= 0 && plain[end] === 0x80 && plain.length % PAD === 0 && plain.length - end <= PAD, "padding");
  return plain.slice(0, end);
}

// `content`: language, address, name, tier, lines, image ([kind, bytes] or null). Gives the letter and the new book.
export async function seal(principal, book, to, content, writtenAt) {
  need(!same(to.fingerprint, principal.card.fingerprint), "own");
  const thread = threadOf(book, to);
  const [number, previous, heard] = nextOfOurs(thread);
  const { language, address, name, tier, lines, image } = content;
  const value = [
    LABELS.letter,
    crypto.getRandomValues(new Uint8Array(32)),
    principal.card.fingerprint,
    to.fingerprint,
    number,
    previous,
    heard,
    writtenAt,
    language,
    address,
    name,
    tier,
    lines,
    image,
  ];
  checkLetter(value);
  const signed = await sign(principal, encode(value));
  const commitment = await commitmentOf(signed);
  const header = [LABELS.sealed, principal.card.fingerprint, to.fingerprint, number, commitment];
  const plain = padded(signed);
  let closed;
  try {
    closed = await hpkeSeal(to.sealingKey, plain, encode(header));
  } catch {
    throw new Refused("card");
  }
  const after = withThread(book, { ...thread, ours: [...thread.ours, commitment] });
  return { data: encode([...header, closed]), number, commitment, book: after };
}

// The letter in a sealed letter's bytes, what the book tells of it, and the new book. Nothing is given of one refused.
export async function open(principal, book, sender, data) {
  const letter = await inside(principal.sealingSeed, principal.card, sender, data);
  const thread = threadOf(book, sender);
  const findings = judge(thread, letter);
  return { letter, findings, book: entered(book, thread, letter) };
}

export async function inside(sealingSeed, ourCard, sender, data) {
  const value = array(decode(data), 6);
  const [label, from, to, number, commitment, closed] = value;
  need(label === LABELS.sealed && isBytes(from, 32) && isBytes(to, 32) && isBytes(commitment, 32), "file");
  need(isNumber(number, 1, U32) && isBytes(closed), "file");
  const size = closed.length - SEAL;
  need(size > 0 && size % PAD === 0 && size <= PADDED_MOST, "file");
  need(same(to, ourCard.fingerprint), "addressee");
  need(same(from, sender.fingerprint), "sender");
  const plain = await hpkeOpen(sealingSeed, ourCard.sealingKey, closed, encode(value.slice(0, 5)));
  need(plain !== null, "altered");
  const signed = unpadded(plain);
  need(same(await commitmentOf(signed), commitment), "inside");
  const payload = await signedPayload(signed, () => sender.signingKey, "signature");
  const letter = checkLetter(decode(payload));
  need(same(letter.sender, from) && same(letter.addressee, to) && letter.number === number, "inside");
  return { ...letter, commitment, signed };
}

// --- the letter book (15.5) -----------------------------------------------------------------------

export function threadOf(book, card) {
  const found = book.threads.find((thread) => same(thread.counterpart, card.fingerprint));
  return found ?? { counterpart: card.fingerprint, office: card.office, ours: [], theirs: [] };
}

function withThread(book, thread) {
  const others = book.threads.filter((one) => !same(one.counterpart, thread.counterpart));
  return { ...book, threads: [...others, thread].sort((a, b) => order(a.counterpart, b.counterpart)) };
}

export function entered(book, thread, letter) {
  const { number, commitment, previous, heard } = letter;
  if (thread.theirs.some((one) => one.number === number && same(one.commitment, commitment))) return book;
  const theirs = [...thread.theirs, { number, commitment, previous, heard }];
  theirs.sort((a, b) => a.number - b.number || order(a.commitment, b.commitment));
  return withThread(book, { ...thread, theirs });
}

export function nextOfOurs(thread) {
  const highest = Math.max(0, ...thread.theirs.map((one) => one.number));
  const last = thread.theirs.find((one) => one.number === highest);
  return [thread.ours.length + 1, thread.ours.at(-1) ?? null, last ? [last.number, last.commitment] : null];
}

// SL-9, then SL-10: a list of [what is told, numbers...].
export function judge(thread, letter) {
  return [...ofItsPlace(thread, letter), ...ofOurs(thread, letter)];
}

function ofItsPlace(thread, { number, commitment, previous }) {
  const under = (n) => thread.theirs.filter((one) => one.number === n);
  if (under(number).some((one) => same(one.commitment, commitment))) return [["opened before"]];
  const told = [];
  if (under(number).length) told.push(["second under its number", number]);
  else if (thread.theirs.some((one) => one.number > number)) told.push(["before one that was opened"]);
  let at = 1;
  for (const one of [...thread.theirs.filter((each) => each.number < number), { number }]) {
    if (one.number > at) told.push(["missing", at, one.number - 1]);
    at = one.number + 1;
  }
  const before = under(number - 1);
  const fits = previous !== null && before.some((one) => same(one.commitment, previous));
  if ((number === 1) !== (previous === null) || (before.length && !fits)) told.push(["chain does not fit", number - 1]);
  const after = under(number + 1);
  if (after.length && !after.some((one) => one.previous !== null && same(one.previous, commitment)))
    told.push(["chain does not fit", number + 1]);
  return told.length ? told : [["in order", number]];
}

function ofOurs(thread, letter) {
  const [n, named] = letter.heard ?? [0, null];
  if (n > thread.ours.length) return [["ours beyond this book", n]];
  if (n && !same(thread.ours[n - 1], named)) return [["not the letter we sealed", n]];
  const told = [];
  if (n || thread.ours.length) told.push(["ours were read to", n]);
  if (n < thread.ours.length) told.push(["ours not yet read", n + 1, thread.ours.length]);
  const lower = thread.theirs.filter((one) => one.number < letter.number && one.heard).map((one) => one.heard[0]);
  const before = Math.max(0, ...lower);
  if (before > n) told.push(["fewer than before", before, n]);
  return told;
}

export const TROUBLES = new Set([
  "second under its number",
  "chain does not fit",
  "ours beyond this book",
  "not the letter we sealed",
  "fewer than before",
]);

function encodeBook(book) {
  const threads = book.threads.map(({ counterpart, office, ours, theirs }) => [
    counterpart,
    office,
    ours,
    theirs.map((one) => [one.number, one.commitment, one.previous, one.heard]),
  ]);
  const data = encode([LABELS.book, book.owner, threads]);
  need(data.length <= FILE_MOST, "full");
  return data;
}

function decodeBook(data) {
  const [label, owner, threads] = array(decode(data), 3);
  need(label === LABELS.book && isBytes(owner, 32) && Array.isArray(threads), "book");
  return {
    owner,
    threads: threads.map((value) => {
      const [counterpart, office, ours, theirs] = array(value, 4);
      need(isBytes(counterpart, 32) && isText(office, 128), "book");
      need(Array.isArray(ours) && ours.every((one) => isBytes(one, 32)) && Array.isArray(theirs), "book");
      return {
        counterpart,
        office,
        ours,
        theirs: theirs.map((one) => {
          const [number, commitment, previous, heard] = array(one, 4);
          need(isNumber(number, 1, U32) && isBytes(commitment, 32), "book");
          return { number, commitment, previous, heard };
        }),
      };
    }),
  };
}

// --- key file and book file, as keys/principal.py writes them ------------------------------------------

async function stretched(passphrase, [memory, passes, lanes], salt) {
  need(isNumber(memory, 8, 1 << 18) && isNumber(passes, 1, 16) && isNumber(lanes, 1, 16), "key");
  return argon2idAsync(utf8.encode(passphrase), salt, { t: passes, m: memory, p: lanes, dkLen: 32, asyncTick: 20 });
}

export async function unlock(keyFile, passphrase) {
  let document;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(keyFile));
  } catch {
    throw new Refused("key");
  }
  need(document !== null && typeof document === "object", "key");
  const card = await readCard(unhex(document.card, "key"));
  const [label, cost, salt, nonce, closed] = array(decode(unhex(document.wrapped, "key")), 5);
  need(label === LABELS.wrap && isBytes(salt) && isBytes(nonce, 12) && isBytes(closed), "key");
  const key = await stretched(passphrase, array(cost, 3), salt);
  let secret;
  try {
    secret = gcmsiv(key, nonce, utf8.encode(LABELS.wrap)).decrypt(closed);
  } catch {
    throw new Refused("passphrase");
  }
  const [keyLabel, sealingSeed, signingSeed, bookKey] = array(decode(secret), 4);
  need(keyLabel === LABELS.key && isBytes(sealingSeed, 96) && isBytes(signingSeed, 32) && isBytes(bookKey, 32), "key");
  need(same(await publicOf(sealingSeed), card.sealingKey), "key");
  const found = { card, sealingSeed, signingSeed, bookKey };
  await signedPayload(await sign(found, utf8.encode("parley")), () => card.signingKey, "key");
  return found;
}

const bookBound = (principal) => encode([LABELS.bookFile, principal.card.fingerprint]);

export function readBook(principal, data) {
  let book;
  try {
    const [label, nonce, closed] = array(decode(data), 3);
    need(label === LABELS.bookFile && isBytes(nonce, 12), "book");
    book = decodeBook(gcmsiv(principal.bookKey, nonce, bookBound(principal)).decrypt(closed));
  } catch {
    throw new Refused("book");
  }
  need(same(book.owner, principal.card.fingerprint), "book");
  return book;
}

export function bookFile(principal, book) {
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const closed = gcmsiv(principal.bookKey, nonce, bookBound(principal)).encrypt(encodeBook(book));
  return encode([LABELS.bookFile, nonce, closed]);
}
