// Function keys, as the bar shows them: each goes where its link goes. Never with a modifier, and never away from
// a form in which something was typed that is not saved yet.

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.shiftKey || event.metaKey) return;
  const link = document.querySelector(`a[data-key="${event.key}"]`);
  if (!link || document.querySelector("form[data-typed]:not(#draft)")) return;
  event.preventDefault();
  const there = new URL(link.href);
  if (there.pathname === location.pathname && there.hash) document.querySelector(there.hash)?.scrollIntoView();
  location.assign(link.href);
});
