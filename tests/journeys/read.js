// All texts of the page that a person can come to read or hear.
(() => {
  const said = [document.title];
  const shown = (e) => e.checkVisibility ? e.checkVisibility({visibilityProperty: true}) : true;
  for (const e of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]"))
    for (const name of ["aria-label", "title", "placeholder", "alt"])
      if (e.getAttribute(name)) said.push(e.getAttribute(name));
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (e.closest("script, style, textarea, [lang='en']")) continue;
    if (shown(e) || e.closest("[data-on], details, option, .unseen, .skip")) said.push(walk.currentNode.textContent);
  }
  for (const e of document.querySelectorAll("[data-on]")) said.push(e.dataset.on, e.dataset.off);
  for (const e of document.querySelectorAll("[data-saving]")) said.push(e.dataset.saving, e.dataset.saved, e.dataset.failed);
  return said.map((words) => words.replace(/\s+/g, " ").trim()).filter(Boolean);
})()
