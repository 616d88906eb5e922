/* Search, as far as each page has it: the dialog and what opens it. What finds comes with its first use: find.js. */
(() => {
  "use strict";

  const here = document.currentScript.src;
  const make = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  const input = make("input", {
    type: "text", inputmode: "search", role: "combobox", class: "sb-search__input", placeholder: "A name, an ARN, an S3 place, a digest, team:risk …", autocomplete: "off", spellcheck: "false",
    "aria-label": "Search", "aria-expanded": "true", "aria-controls": "sb-search-list", "aria-autocomplete": "list", enterkeyhint: "go",
  });
  const close = make("button", { type: "button", class: "sb-search__close", "aria-label": "Close search" }, "Esc");
  const status = make("p", { role: "status", class: "sb-search__status" });
  const dialog = make("dialog", { class: "sb-search", "aria-label": "Search" }, make("div", { class: "sb-search__head" }, input, close), status);

  /* The files of the index call it; what else it is, find.js adds. */
  const search = window.studbookSearch = (name, data) => search.take(name, data);
  Object.assign(search, { root: new URL("../", here), make, input, dialog, status, ready: () => engine(), find: (...asked) => engine().then(() => search.find(...asked)) });

  let loading;
  const engine = () => loading ||= new Promise((done, failed) => {
    const script = make("script", { src: new URL("find.js", here) });
    script.onload = done;
    script.onerror = () => { loading = null; status.textContent = "The search could not be loaded. Is the site whole?"; failed(new Error("find.js")); };
    document.head.append(script);
  });

  function open(straight) {
    if (dialog.open) return;
    if (!dialog.isConnected) document.body.append(dialog);
    dialog.showModal();
    input.select();
    engine().then(() => search.run(straight), () => {});
  }

  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const command = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (!command && (typing || event.ctrlKey || event.metaKey || event.altKey || !["/", "s"].includes(event.key))) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-search-open]")) { event.preventDefault(); open(); } });
  for (const button of document.querySelectorAll("[data-search-open]")) button.hidden = false;
  /* `?q=` of the address asks at once, and what is one page's own id leads there. */
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) { input.value = asked; open(true); }
})();
