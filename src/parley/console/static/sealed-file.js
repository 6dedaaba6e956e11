// A sealed letter on its way into a form: read from the disk, put into a field as base64 without characters that a
// form would write as three. The page reads bytes it cannot open.

const most = 1 << 20;

for (const form of document.querySelectorAll("form[data-sealed-form]")) {
  const file = form.querySelector("[data-sealed-file]");
  form.addEventListener("submit", async (event) => {
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
  file.addEventListener("change", () => {
    form.elements.sealed.value = "";
    file.setCustomValidity("");
  });
}
