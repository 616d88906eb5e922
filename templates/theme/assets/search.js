/* Search over an index in small files: src/studbook/render/search.py says how it is cut. What strangers wrote is only ever set as text. */
(() => {
  "use strict";

  const root = new URL("../", document.currentScript.src);
  const waiting = new Map();
  const loaded = new Map();

  window.studbookSearch = (name, data) => waiting.get(name)?.(data);

  function load(name) {
    if (!loaded.has(name)) {
      loaded.set(name, new Promise((done, failed) => {
        const script = document.createElement("script");
        waiting.set(name, done);
        script.src = new URL(`search/${name}.js`, root);
        script.onload = () => script.remove();
        script.onerror = () => { loaded.delete(name); script.remove(); failed(new Error(name)); };
        document.head.append(script);
      }));
    }
    return loaded.get(name);
  }

  const words = (text) => (text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().match(/[\p{L}\p{N}]+/gu) || []).map((word) => word.slice(0, 24));
  const hex = (text) => Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");

  function numbers(packed, each) {
    let last = -1;
    if (!packed) return;
    for (const part of packed.split(" ")) {
      if (part[0] === "+") for (let run = parseInt(part.slice(1), 36); run > 0; run -= 1) each(last += 1);
      else each(last += parseInt(part, 36));
    }
  }

  let index;
  async function opened() {
    if (index) return index;
    const data = await load("index");
    const facets = data.facets.map(([name, values, letters]) => ({
      name, values,
      words: values.map(words),
      of: Uint16Array.from(letters, (letter) => { const code = letter.charCodeAt(0); return code >= 0x100 ? code - 0x100 : code - 0x30; }),
    }));
    index = { ...data, facets, shards: new Set(data.shards) };
    return index;
  }

  /* How well each document answers one word: 0 is not at all. */
  async function scores(word) {
    const out = new Uint8Array(index.count);
    const best = (number, score) => { if (out[number] < score) out[number] = score; };
    for (const facet of index.facets) {
      const fits = facet.words.map((several) => (several.some((one) => one.startsWith(word)) ? 2 : 0));
      if (fits.some(Boolean)) facet.of.forEach((value, number) => { if (fits[value]) best(number, 2); });
    }
    let prefix = word;
    while (prefix && !index.shards.has(prefix)) prefix = prefix.slice(0, -1);
    if (!prefix) return out;
    for (const [term, title, other] of await load(`t/${hex(prefix)}`)) {
      const exact = term === word;
      if (!exact && !term.startsWith(word)) continue;
      numbers(title, (number) => best(number, exact ? 9 : 6));
      numbers(other, (number) => best(number, exact ? 5 : 3));
    }
    return out;
  }

  async function search(query, chosen) {
    await opened();
    const parts = [...new Set(words(query))];
    const each = await Promise.all(parts.map(scores));
    const found = [];
    const counts = index.facets.map((facet) => new Uint32Array(facet.values.length));
    for (let number = 0; number < index.count; number += 1) {
      let score = index.first[index.facets[0].of[number]] / 4;
      let fits = true;
      for (const one of each) {
        if (!one[number]) { fits = false; break; }
        score += one[number];
      }
      if (!fits) continue;
      /* A choice is counted as if it alone were open, so that another value can be taken instead. */
      let misses = 0, missed = -1;
      index.facets.forEach((facet, place) => { if (chosen[place] >= 0 && chosen[place] !== facet.of[number]) { misses += 1; missed = place; } });
      if (misses === 0) { found.push([score, number]); counts.forEach((count, place) => { count[index.facets[place].of[number]] += 1; }); }
      else if (misses === 1) counts[missed][index.facets[missed].of[number]] += 1;
    }
    found.sort((a, b) => b[0] - a[0] || b[1] - a[1]);
    return { parts, counts, found: found.map((pair) => pair[1]) };
  }

  async function documents(several) {
    return Promise.all(several.map(async (number) => {
      const [title, path] = (await load(`d/${Math.floor(number / index.chunk)}`))[number % index.chunk];
      return { number, title, path, facets: index.facets.map((facet) => facet.values[facet.of[number]]) };
    }));
  }

  /* For other scripts: the best pages for a query that `fits` holds of, `[{title, path, facets}]`. */
  window.studbookSearch.find = async (query, fits, count) => {
    const out = [];
    const { found } = await search(query, []);
    for (let at = 0; at < found.length && out.length < count; at += count) {
      out.push(...(await documents(found.slice(at, at + count))).filter(fits));
    }
    return out.slice(0, count);
  };

  /* --- what is seen --------------------------------------------------------------------------------------------- */

  const make = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  const PAGE = 12;
  const input = make("input", {
    type: "text", inputmode: "search", role: "combobox", class: "sb-search__input", placeholder: "Find a model, dataset, job, endpoint …", autocomplete: "off", spellcheck: "false",
    "aria-label": "Search", "aria-expanded": "true", "aria-controls": "sb-search-list", "aria-autocomplete": "list", enterkeyhint: "go",
  });
  const list = make("div", { role: "listbox", id: "sb-search-list", class: "sb-search__list", "aria-label": "Results" });
  const status = make("p", { role: "status", class: "sb-search__status" });
  const more = make("button", { type: "button", class: "sb-search__more" }, "More");
  const choices = make("div", { class: "sb-search__facets" });
  const close = make("button", { type: "button", class: "sb-search__close", "aria-label": "Close search" }, "Esc");
  const dialog = make("dialog", { class: "sb-search", "aria-label": "Search" },
    make("div", { class: "sb-search__head" }, input, close), choices, status, list,
    make("div", { class: "sb-search__foot" }, more, make("span", { class: "sb-search__keys" }, "↑ ↓ to move, Enter to open, Esc to close")));
  const chosen = [];
  const selects = [];
  let answer, shownCount = 0, turn = 0, current = -1;

  function choose(place) {
    const facet = index.facets[place];
    const select = make("select", { "aria-label": facet.name });
    select.addEventListener("change", () => { chosen[place] = Number(select.value); run(); });
    chosen[place] = -1;
    selects[place] = select;
    return select;
  }

  function refill() {
    selects.forEach((select, place) => {
      const facet = index.facets[place];
      const options = facet.values.map((value, at) => [value, at, answer.counts[place][at]]).filter(([value, at, count]) => value && (count || at === chosen[place]));
      options.sort((a, b) => b[2] - a[2] || a[0].localeCompare(b[0]));
      const all = make("option", { value: "-1" }, `${facet.name}: all`);
      select.replaceChildren(all, ...options.map(([value, at, count]) => make("option", { value: at }, `${value} (${count.toLocaleString("en")})`)));
      select.value = String(chosen[place]);
      select.classList.toggle("sb-search__chosen", chosen[place] >= 0);
      select.hidden = options.length < 2 && chosen[place] < 0;
    });
  }

  function marked(title, parts) {
    const out = make("span", { class: "sb-search__title" });
    let rest = title;
    const pattern = parts.length ? new RegExp(parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).sort((a, b) => b.length - a.length).join("|"), "iu") : null;
    for (let match = pattern && pattern.exec(rest); match && match[0]; match = pattern.exec(rest)) {
      out.append(rest.slice(0, match.index), make("mark", {}, match[0]));
      rest = rest.slice(match.index + match[0].length);
    }
    out.append(rest);
    return out;
  }

  function option(found, place) {
    const [kind, ...where] = found.facets;
    const link = make("a", { role: "option", id: `sb-search-${place}`, class: "sb-search__option", tabindex: "-1", "aria-selected": "false" },
      make("span", { class: "sb-search__kind" }, kind), marked(found.title, answer.parts),
      make("span", { class: "sb-search__where" }, where.filter(Boolean).join(" · ")));
    const [path, anchor] = found.path.split("#");
    link.href = new URL(path + (root.protocol === "file:" && (path === "" || path.endsWith("/")) ? "index.html" : "") + (anchor ? `#${anchor}` : ""), root);
    return link;
  }

  function point(place) {
    const options = list.children;
    options[current]?.setAttribute("aria-selected", "false");
    current = options.length ? Math.max(0, Math.min(place, options.length - 1)) : -1;
    if (current < 0) return input.removeAttribute("aria-activedescendant");
    options[current].setAttribute("aria-selected", "true");
    options[current].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[current].id);
  }

  async function show(mine) {
    const next = answer.found.slice(shownCount, shownCount + PAGE);
    const found = await documents(next);
    if (mine !== turn) return;
    if (!shownCount) list.replaceChildren();
    list.append(...found.map((one, place) => option(one, shownCount + place)));
    if (!shownCount) { list.scrollTop = 0; current = -1; point(0); }
    shownCount += next.length;
    more.hidden = shownCount >= answer.found.length;
  }

  async function run() {
    const mine = turn += 1;
    try {
      await opened();
      if (!selects.length) choices.append(...index.facets.map((facet, place) => choose(place)));
      const result = await search(input.value, chosen);
      if (mine !== turn) return;
      answer = result;
      shownCount = 0;
      refill();
      const count = answer.found.length;
      status.textContent = count ? `${count.toLocaleString("en")} ${count === 1 ? "page" : "pages"}${answer.parts.length ? "" : ", the newest first"}` : "Nothing has all of these words. A part of a name, an id, a tag or an account finds it too.";
      if (!count) list.replaceChildren();
      await show(mine);
    } catch (error) {
      if (mine === turn) status.textContent = "The search index could not be loaded. Is the site whole?";
    }
  }

  function open() {
    if (dialog.open) return;
    if (!dialog.isConnected) document.body.append(dialog);
    dialog.showModal();
    input.select();
    run();
  }

  input.addEventListener("input", run);
  more.addEventListener("click", () => { const at = shownCount; show(turn).then(() => { point(at); input.focus(); }); });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.target !== input) return;
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 6, PageUp: -6 };
    if (event.key in moves) { event.preventDefault(); point(current + moves[event.key]); }
    if (event.key === "Enter" && current >= 0) { event.preventDefault(); list.children[current].click(); }
  });
  list.addEventListener("mousemove", (event) => { const over = event.target.closest("[role=option]"); if (over) { const place = [...list.children].indexOf(over); if (place !== current) point(place); } });

  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const command = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (!command && (typing || event.ctrlKey || event.metaKey || event.altKey || !["/", "s"].includes(event.key))) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-search-open]")) { event.preventDefault(); open(); } });
  for (const button of document.querySelectorAll("[data-search-open]")) button.hidden = false;
  /* `?q=` of the address asks at once: the page for lost visitors uses it. */
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) { input.value = asked; open(); }
})();
