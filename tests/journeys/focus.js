// Why what has the focus cannot be seen; empty when it can.
(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return "nothing has the focus";
  const at = e.getBoundingClientRect(), style = getComputedStyle(e);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  if (!ring) return `no ring around ${e.tagName} ${e.innerText || e.name}`;
  if (at.bottom < 0 || at.top > innerHeight) return `out of sight: ${e.innerText || e.name}`;
  const over = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
  if (over && !e.contains(over) && !over.contains(e)) return `covered by ${over.className || over.tagName}: ${e.innerText || e.name}`;
  return "";
})()
