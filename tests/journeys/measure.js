// What is too wide, cut, too small to be pressed, or covered, on the page as it stands: a list of sentences.
(() => {
  const wide = innerWidth, said = [];
  const shown = (e) => e.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const name = (e) => (e.innerText || e.getAttribute("aria-label") || e.name || e.tagName).trim().replace(/\s+/g, " ").slice(0, 60);
  if (document.documentElement.scrollWidth > wide) said.push(`scrolls sideways: ${document.documentElement.scrollWidth} > ${wide}`);
  const unseen = (e) => e.closest(".unseen, .skip, thead") && getComputedStyle(e.closest(".unseen, .skip, thead")).position === "absolute";
  const inside = (e) => e.closest(".scroll");
  for (const e of document.querySelectorAll("body *")) {
    if (!shown(e) || unseen(e) || inside(e) || e.closest("svg")) continue;
    const at = e.getBoundingClientRect();
    if (at.width && (at.right > wide + 1 || at.left < -1)) said.push(`beyond the edge: ${e.tagName} ${name(e)} ${Math.round(at.left)}..${Math.round(at.right)}`);
    // Text cut by its own box: hidden overflow that is not a list's deliberate two or three lines.
    const style = getComputedStyle(e);
    if (["hidden", "clip"].includes(style.overflowX) && e.scrollWidth > e.clientWidth + 1 && style.webkitLineClamp === "none" && at.width > 2)
      said.push(`cut: ${e.tagName}.${e.className} ${name(e)}`);
  }
  for (const e of document.querySelectorAll("a, button, input, select, textarea, summary, label:has(input)")) {
    if (!shown(e) || unseen(e) || e.type === "hidden" || e.matches("label input")) continue;  // there the label is pressed
    const at = e.getBoundingClientRect();
    const act = e.matches("main button:not(.link), main .button, main select, main textarea, main input:not([type=radio])");
    const flows = e.matches("a") && getComputedStyle(e).display === "inline" && e.parentElement.matches("p, li, dd, span");
    if (act && at.height < 43.5) said.push(`act of ${Math.round(at.height)} px: ${name(e)}`);
    if (!flows && at.height < 23.5) said.push(`target of ${at.height.toFixed(1)} px: ${e.tagName} ${name(e)}`);
  }
  const bar = document.querySelector(".bar"), main = document.querySelector("main");
  if (bar && main) {
    const fixed = getComputedStyle(bar).position === "sticky", low = bar.getBoundingClientRect().bottom;
    if (main.getBoundingClientRect().top < low - 1) said.push("the bar lies over the page");
    if (fixed && low > 0.6 * innerHeight) said.push(`the bar stays and takes ${Math.round(low)} of ${innerHeight} px`);
  }
  return said;
})()
