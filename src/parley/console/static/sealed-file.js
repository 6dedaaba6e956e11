// A sealed letter on its way into a form: read from the disk, put into a field as base64 without characters that a
// form would write as three. The page reads bytes it cannot open. A form may come later than the page: it is heard
// where it stands in the document.

const most = 1 << 20;

function chosen(form) {
  return form.querySelector("[data-sealed-file]");
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[data-sealed-form]")) return;
  const file = chosen(form);
  if (form.elements.sealed.value || !file.files.length) return;
  event.preventDefault();
  if (file.files[0].size > most) {
    file.setCustomValidity(file.dataset.tooLong);
    file.reportValidity();
    return;
  }
  const bytes = new Uint8Array(await file.files[0].arrayBuffer());
  let letters = "";
  for (let at = 0; at < bytes.length; at += 8190) letters += String.fromCharCode(...bytes.subarray(at, at + 8190));
  form.elements.sealed.value = btoa(letters).replaceAll("+", "-").replaceAll("/", "_");
  form.requestSubmit();
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-sealed-form]");
  if (!form || event.target !== chosen(form)) return;
  form.elements.sealed.value = "";
  event.target.setCustomValidity("");
});
