// How far an upload is, and what was chosen, while it goes on. Without script the form sends itself as any other.

document.addEventListener("htmx:xhr:progress", ({ target, detail }) => {
  const form = target.closest("form");
  const progress = form?.querySelector("progress");
  if (!progress || !detail.lengthComputable) return;
  const box = progress.closest("[data-progress]");
  box.hidden = false;
  progress.max = detail.total;
  progress.value = detail.loaded;
  const sent = detail.loaded >= detail.total;
  box.querySelector("output").textContent = sent
    ? box.dataset.sent
    : box.dataset.sending.replace("{}", Math.floor((detail.loaded / detail.total) * 100));
});

document.addEventListener("htmx:afterRequest", ({ target }) => {
  const box = target.closest?.("form")?.querySelector("[data-progress]");
  if (box) box.hidden = true;
});
