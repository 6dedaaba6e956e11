// A picture with few colours: [width, height, palette as bytes, one palette index a pixel in base64].
async ([png, width, most]) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const w = width || image.width, h = Math.round(image.height * w / image.width);
  const canvas = new OffscreenCanvas(w, h), at = canvas.getContext("2d");
  at.imageSmoothingQuality = "high";
  at.drawImage(image, 0, 0, w, h);
  const data = at.getImageData(0, 0, w, h).data, count = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const c = (data[i] & 0xfc) << 16 | (data[i + 1] & 0xfc) << 8 | (data[i + 2] & 0xfc);
    count.set(c, (count.get(c) || 0) + 1);
  }
  // The commonest, but none so near to one chosen before that nobody would see the difference.
  const far = (a, b) => Math.abs((a >> 16) - (b >> 16)) + Math.abs((a >> 8 & 255) - (b >> 8 & 255)) + Math.abs((a & 255) - (b & 255));
  const chosen = [];
  for (const [c] of [...count].sort((a, b) => b[1] - a[1])) {
    if (chosen.length >= most) break;
    if (chosen.every((d) => far(c, d) > 20)) chosen.push(c);
  }
  const nearest = new Map();
  for (const c of count.keys()) {
    let best = 0, least = 1e9;
    chosen.forEach((d, i) => { const f = far(c, d); if (f < least) { least = f; best = i; } });
    nearest.set(c, best);
  }
  const exact = chosen.map(() => [0, 0, 0, 0]);
  const out = new Uint8Array(w * h);
  for (let i = 0, j = 0; i < data.length; i += 4, j++) {
    const n = nearest.get((data[i] & 0xfc) << 16 | (data[i + 1] & 0xfc) << 8 | (data[i + 2] & 0xfc));
    out[j] = n;
    const e = exact[n];
    e[0] += data[i]; e[1] += data[i + 1]; e[2] += data[i + 2]; e[3] += 1;
  }
  let packed = "";
  for (let i = 0; i < out.length; i += 32768) packed += String.fromCharCode(...out.subarray(i, i + 32768));
  return [w, h, exact.flatMap((e) => e.slice(0, 3).map((v) => Math.round(v / Math.max(1, e[3])))), btoa(packed)];
}
