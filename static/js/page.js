// Loaded by every page, once. Listeners stand on the document, so that what HTMX swaps in later needs no new ones.

const notices = document.getElementById("notices");

// An answer that is an error is not swapped into the page: it is told on top of it, in the server's words where it has some.
function tell(html, elt) {
  notices.innerHTML = html;
  const again = document.createElement("button");
  again.className = "btn";
  again.type = "button";
  again.textContent = notices.dataset.again;
  again.addEventListener("click", () => {
    notices.replaceChildren();
    repeat(elt);
  });
  notices.firstElementChild.append(again);
  notices.scrollIntoView({ block: "nearest" });
}

// A link or a form is pressed once more; anything else (what is polled, say) starts from the whole page.
function repeat(elt) {
  if (elt.isConnected && elt.matches("form")) elt.requestSubmit();
  else if (elt.isConnected && elt.matches("a, button")) elt.click();
  else location.reload();
}

const notice = (words) => `<div class="notice error" role="alert"><p>${words}</p></div>`;

document.addEventListener("htmx:responseError", ({ detail: { xhr, elt } }) => {
  tell(xhr.responseText.startsWith('<div class="notice') ? xhr.responseText : notice(notices.dataset.failed), elt);
});

document.addEventListener("htmx:sendError", ({ detail: { elt } }) => tell(notice(notices.dataset.offline), elt));

// "/" puts the cursor into the page's search field, unless one is typing, or has switched it off in the settings.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.documentElement.dataset.shortcuts === "off") return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const search = document.querySelector("main input[type=search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// Over plain http on another machine there is none; then a page without a connection is the browser's own.
navigator.serviceWorker?.register("/sw.js").catch(() => {});
