/* The little that happens in the browser. Sorts, filters and pages the tables that the server rendered: `<table data-table="rows a page">`.
   Without this script every row is simply there. Text is only ever read and compared, never written as HTML. */
(() => {
  "use strict";

  /* Natural order, as `natural` of src/studbook/queries/answer.py: team-2 before team-10. */
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  const root = (table) => table.dataset.more.replace(/lists\/.*$/, "");
  const tidy = (text) => text.trim().replace(/\s+/g, " ");

  /* --- what the scripts of single pages use too ----------------------------------------------------------------- */

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  /* A file to take away, and what is in it: a blob or a text. */
  function save(name, data, type) {
    const link = element("a", { href: URL.createObjectURL(new Blob([data], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  /* A cell that a spreadsheet would run as a formula has an apostrophe before it, as in the exports; a number is none. */
  const formula = (cell) => /^[=@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(cell) || (/^[+-]/.test(cell) && Number.isNaN(Number(cell.replace(/,/g, ""))));
  const quoted = (cell) => `"${(formula(cell) ? `'${cell}` : cell).replace(/"/g, '""')}"`;
  const saveCsv = (name, rows) => save(`${name}.csv`, rows.map((row) => `${row.map((cell) => quoted(String(cell ?? ""))).join(",")}\r\n`).join(""), "text/csv");

  const heads = (table) => Array.from(table.tHead.rows[0].cells);
  const title = (cell) => cell.dataset.title || tidy(cell.textContent);

  /* A wide table's cells know the titles of their columns: a phone has them one below the other, and of more than
     ten so has paper. `fewest` columns are wide. */
  function stack(table, fewest = 4) {
    const columns = heads(table).filter((cell) => !cell.hidden).length;
    if (table.matches(".sb-matrix, .sb-pairs") || columns < fewest) return;
    table.classList.add("sb-stacked");
    table.classList.toggle("sb-wide", columns > 10);
    for (const row of table.tBodies[0].rows) named(table, row);
  }
  function named(table, row) {
    if (!table.matches(".sb-stacked")) return row;
    for (const [index, column] of heads(table).entries()) {
      const cell = row.cells[index];
      if (!cell) continue;
      cell.dataset.head = title(column);
      cell.classList.toggle("sb-none", !cell.textContent.trim() && !cell.querySelector("svg"));
    }
    return row;
  }

  /* A table of what a script found: a cell is a text, a node, or several of them. */
  function table(label, titles, rows) {
    const made = element("table", { className: "sb-table" }, element("thead", {}, element("tr", {}, ...titles.map((one) => element("th", {}, one)))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, ...[cell].flat()))))));
    made.setAttribute("aria-label", label);
    stack(made);
    return element("div", { className: "sb-scroll" }, made);
  }

  /* A region, an account, a date or a time stays in one line, as in src/studbook/render/cells.py. */
  const WHOLE = /(?<![\w.:/@-])([a-z]{2}(?:-[a-z]+)+-\d|\d{12}|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z| UTC)?)?)(?![\w/-]|[.:]\w)/;
  const unbroken = (text) => text.split(WHOLE).map((part, at) => (at % 2 ? element("span", { className: "sb-whole" }, part) : part));

  window.studbook = { element, save, saveCsv, table, stack, unbroken, byName: collator.compare };

  function dress(table) {
    const size = Number(table.dataset.table) || 50;
    const body = table.tBodies[0];
    const head = table.tHead && table.tHead.rows[0];
    if (!body || !head || table.dataset.dressed) return;
    table.dataset.dressed = "yes";
    const label = table.getAttribute("aria-label") || "table";
    const columns = heads(table);
    let rows = Array.from(body.rows, (row, index) => {
      const cells = Array.from(row.cells, (cell) => tidy(cell.textContent));
      return { index, cells, text: cells.join(" ").toLowerCase(), row: () => row };
    });
    let total = Number(table.dataset.count) || rows.length;
    let shown = rows, page = 0, column = -1, direction = 1, fetching = null;
    const chosen = new Map();
    let period = ["", ""];

    /* A long table has its first rows on the page; the rest comes when somebody asks for more than those. */
    function whole() {
      if (!table.dataset.more) return Promise.resolve();
      fetching = fetching || fetch(table.dataset.more).then((answer) => {
        if (!answer.ok) throw new Error(`${answer.status}`);
        return answer.json();
      }).then((data) => {
        const base = root(table);
        rows = data.rows.map((row, index) => {
          const cells = row.map(text);
          let made = null;
          return { index, cells, text: cells.join(" ").toLowerCase(), row: () => (made = made || named(table, rowOf(row, base))) };
        });
        shown = rows;
        total = rows.length;
        delete table.dataset.more;
        facets();
      }).catch(() => {
        fetching = null;
        if (count) count.textContent = "The other rows could not be fetched.";
        throw new Error("rows");
      });
      return fetching;
    }

    const pages = () => Math.max(1, Math.ceil((table.dataset.more ? total : shown.length) / size));
    const draw = () => {
      page = Math.max(0, Math.min(page, pages() - 1));
      const visible = shown.slice(page * size, (page + 1) * size);
      body.replaceChildren(...visible.map((item) => item.row()));
      if (picks) picks.offer(visible.map((item) => item.row()));
      if (!count) return;
      const all = table.dataset.more ? total : shown.length;
      const first = all ? page * size + 1 : 0;
      count.textContent = `${first} to ${Math.min((page + 1) * size, all)} of ${all.toLocaleString("en")}`;
      back.disabled = page === 0;
      next.disabled = page >= pages() - 1;
    };
    const turn = (by) => {
      page += by;
      remember();
      ((page + 1) * size > rows.length ? whole() : Promise.resolve()).then(draw).catch(() => {});
    };

    let count, back, next, tools, filter, picks;
    const narrow = () => whole().then(() => {
      const words = (filter ? filter.value : "").toLowerCase().split(/\s+/).filter(Boolean), [from, to] = period;
      shown = rows.filter((item) => words.every((word) => item.text.includes(word))
        && (!from || item.cells[0].slice(0, 10) >= from) && (!to || item.cells[0].slice(0, 10) <= to)
        && [...chosen].every(([index, value]) => item.cells[index] === value));
      page = 0;
      order();
    }).catch(() => {});

    /* What is chosen of this table, by its name and the titles of its columns. */
    const name = slug(label);
    function remember() {
      keep(`${name}.q`, filter ? filter.value : "");
      keep(`${name}.sort`, column < 0 ? "" : (direction < 0 ? "-" : "") + title(columns[column]));
      keep(`${name}.page`, page ? String(page + 1) : "");
      for (const [index, cell] of columns.entries()) if ("facet" in cell.dataset) keep(`${name}.${title(cell)}`, chosen.get(index));
    }
    const chose = () => narrow().then(remember);
    function recall() {
      const asked = choices(), sort = asked.get(`${name}.sort`) || "", at = Number(asked.get(`${name}.page`)) - 1;
      for (const [index, cell] of columns.entries()) {
        const value = asked.get(`${name}.${title(cell)}`);
        if (value && tools && "facet" in cell.dataset) chosen.set(index, value);
        if (sort.replace(/^-/, "") === title(cell)) sortBy(index, sort.startsWith("-") ? -1 : 1);
      }
      if (filter) filter.value = asked.get(`${name}.q`) || "";
      if (!filter) return column < 0 ? undefined : order();
      if (!chosen.size && column < 0 && !filter.value && !(at > 0)) return draw();
      return narrow().then(() => { facets(); page = Math.max(at, 0); draw(); });
    }
    function sortBy(index, way) {
      [column, direction] = [index, way];
      for (const other of columns) other.removeAttribute("aria-sort");
      columns[index].setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
    }

    /* A column that is the same in every row is said once; of a long table the build has done so. Columns that are things stay. */
    if (!table.dataset.count && !("keep" in table.dataset) && rows.length > 1) {
      const same = [];
      columns.forEach((cell, index) => {
        const value = rows[0].cells[index];
        if (!index || rows.some((item) => item.cells[index] !== value)) return;
        for (const row of [head, ...body.rows]) if (row.cells[index]) row.cells[index].hidden = true;
        if (value) same.push(" · ", `${title(cell)} `, element("b", {}, ...unbroken(value)));
      });
      if (same.length) (table.closest(".sb-scroll") || table).before(element("p", { className: "sb-same" }, "In every row: ", ...same.slice(1)));
    }

    stack(table);

    if (total > 1) {
      tools = document.createElement("div");
      tools.className = "sb-tools";
      const csv = button("CSV", () => whole().then(() => saveCsv(name, [columns.map(title),
        ...shown.filter((item) => !item.row().hidden).map((item) => item.cells)])).catch(() => {}));
      csv.title = `What is shown of "${label}", all pages of it, as a file`;
      tools.append(csv);
      picks = "keep" in table.dataset ? null : picker(label, csv);
      if (picks) picks.offer(rows.slice(0, size).map((item) => item.row()));
      (table.closest(".sb-scroll") || table)[total > 8 ? "before" : "after"](tools);
    }
    if (total > 8) {
      filter = document.createElement("input");
      filter.type = "search";
      filter.placeholder = "Filter";
      filter.setAttribute("aria-label", `Filter: ${label}`);
      filter.addEventListener("input", chose);
      count = document.createElement("span");
      count.setAttribute("role", "status");
      tools.prepend(filter, count);
      back = button("Back", () => turn(-1));
      next = button("Next", () => turn(1));
      if (total > size) count.after(back, next);
      facets();
    }

    /* A column of few different values has them to choose from. */
    function facets() {
      if (!filter) return;
      for (const old of tools.querySelectorAll("select")) old.remove();
      columns.forEach((cell, index) => {
        if (!("facet" in cell.dataset) || cell.hidden) return;
        const named = title(cell);
        const values = [...new Set(rows.map((item) => item.cells[index]))].filter(Boolean).sort(collator.compare);
        if (values.length < 2 || values.length > 40) return;
        const select = document.createElement("select");
        select.setAttribute("aria-label", `${named}: ${label}`);
        select.append(new Option(`${named}: all`, ""), ...values.map((value) => new Option(value, value)));
        select.value = chosen.get(index) || "";
        select.addEventListener("change", () => {
          if (select.value) chosen.set(index, select.value); else chosen.delete(index);
          chose();
        });
        count.before(select);
      });
    }

    function order() {
      if (column < 0) shown = [...shown].sort((a, b) => a.index - b.index);
      else shown = [...shown].sort((a, b) => direction * compare(a.cells[column], b.cells[column]) || a.index - b.index);
      draw();
    }

    columns.forEach((cell, index) => {
      if ("plain" in cell.dataset || total < 2) return;
      cell.dataset.title = tidy(cell.textContent);
      const press = button(cell.dataset.title, () => {
        sortBy(index, column === index ? -direction : 1);
        page = 0;
        (filter ? narrow() : Promise.resolve(order())).then(remember);
      });
      cell.replaceChildren(press);
      /* A head that is repeated on the next sheet loses what can be pressed. */
      addEventListener("beforeprint", () => cell.replaceChildren(cell.dataset.title));
      addEventListener("afterprint", () => cell.replaceChildren(press));
    });
    recall();
    /* Where the first column is a time: the days, both included, that a script of the page asks for. */
    table.addEventListener("sb:period", ({ detail }) => { period = detail; narrow(); });
    /* On paper there is no next page, and nothing that was pressed: that some rows are left out is said, and why. */
    const left = element("p", { className: "sb-left" });
    (total > 8 ? tools : table.closest(".sb-scroll") || table).before(left);
    addEventListener("beforeprint", () => {
      if (shown.length <= 500) body.replaceChildren(...shown.map((item) => item.row()));
      const [from, to] = period, printed = [...body.rows].filter((row) => !row.hidden).length;
      const why = [filter && filter.value && `with “${filter.value}”`, ...[...chosen].map(([index, value]) => `${title(columns[index])} ${value}`),
        ...Array.from(document.querySelectorAll(`[data-chips="${table.dataset.address}"] [aria-pressed=true]`), (one) => one.value),
        from && `from ${from}`, to && `to ${to}`].filter(Boolean);
      left.textContent = printed < total ? [`${printed.toLocaleString("en")} of ${total.toLocaleString("en")} rows`, ...why].join(" · ") : "";
    });
    addEventListener("afterprint", draw);
  }

  /* --- two to six of a kind, chosen by check boxes in a table, for the page Compare ------------------------------- */

  const COMPARABLE = /^(model-package|training-job|mlflow-run|dataset-version|evaluator-version)\/[a-z0-9-]+\/$/;
  const MOST = 6;
  const home = () => new URL(`${JSON.parse(document.getElementById("__config").textContent).base}/`, location);

  function picker(label, before) {
    const picked = new Set(), boxes = new Map();
    const open = button("", () => { location.href = `${home()}compare/#${[...picked].join("+")}`; });
    const kind = (path) => path.split("/")[0];
    open.className = "sb-compare-picked";
    before.before(open);

    /* A row is a thing where its first cell leads to the page of one; what is picked stays so on another page of the table. */
    function offer(shown) {
      if (location.protocol === "file:" || !document.getElementById("__config")) return told();
      for (const row of shown) {
        const link = row.cells[0] && row.cells[0].querySelector("a[href]");
        const path = link && link.href.startsWith(home().href) ? link.href.slice(home().href.length) : "";
        if (!COMPARABLE.test(path)) continue;
        if (!boxes.has(path)) boxes.set(path, made(path, tidy(link.textContent)));
        /* Once the whole table came, its rows are others than those that stood on the page. */
        const box = boxes.get(path);
        if (!box.isConnected) row.cells[0].prepend(box);
      }
      /* One alone has nothing to be held against. */
      const alone = boxes.size < 2;
      for (const box of boxes.values()) box.hidden = alone;
      return told();
    }

    function made(path, name) {
      const box = element("input", { type: "checkbox", className: "sb-pick", title: `Compare ${name}` });
      box.setAttribute("aria-label", `Compare ${name}: ${label}`);
      box.addEventListener("change", () => { if (box.checked) picked.add(path); else picked.delete(path); told(); });
      return box;
    }

    function told() {
      const [first] = picked;
      for (const [path, box] of boxes) box.disabled = !box.checked && (picked.size >= MOST || (first !== undefined && kind(first) !== kind(path)));
      open.hidden = !picked.size;
      open.disabled = picked.size < 2;
      open.textContent = picked.size < 2 ? "Compare: check one more" : `Compare ${picked.size}`;
    }

    return { offer };
  }

  /* --- rows from a file: text is set as text, and an address is one of this site's own -------------------------- */

  const slug = (label) => label.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const text = (cell) => (cell === null ? "" : typeof cell === "object" ? (cell.l ? cell.l.map(text).join(" ") : (cell.e || [cell.t]).join(" ")) : String(cell));

  function rowOf(cells, base) {
    const row = document.createElement("tr");
    for (const cell of cells) {
      const made = document.createElement("td");
      if (typeof cell === "number") made.className = "sb-num";
      if (typeof cell === "string" && cell.length <= 16) made.className = /^\d{4}-\d\d-/.test(cell) ? "sb-time" : "sb-place";
      made.append(...content(cell, base));
      row.append(made);
    }
    return row;
  }

  function content(cell, base) {
    if (cell === null) return [];
    if (typeof cell !== "object") return typeof cell === "number" ? [number(cell)] : unbroken(String(cell));
    if (cell.l) return cell.l.flatMap((one, index) => [...(index ? [", "] : []), ...content(one, base)]);
    if (cell.e) {
      return [element("details", { className: "sb-evidence" }, element("summary", {}, "evidence"),
        element("ul", {}, ...cell.e.map((line) => element("li", {}, element("code", {}, line)))))];
    }
    if (cell.b) return [element("span", { className: `sb-badge sb-badge--${cell.b}` }, cell.t)];
    if (cell.h) return [element("code", { className: "sb-digest", title: cell.h }, cell.t)];
    if ("c" in cell) return [element("span", { className: `sb-certainty sb-certainty--${cell.s}` }, cell.t + (cell.c ? ", candidate" : ""))];
    const told = unbroken(cell.t);
    const link = /^[a-z0-9-]+\/[a-z0-9-]+\/$/.test(cell.a || "")
      ? element("a", { className: "sb-name", href: base + cell.a }, ...told) : element("span", { className: "sb-name" }, ...told);
    return [link, ...(cell.m || []).flatMap((mark) => [" ", element("span", { className: `sb-badge sb-badge--${mark}` }, mark)])];
  }

  const number = (value) => (Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(6))));

  function button(label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  }

  function compare(a = "", b = "") {
    if (a === "" || b === "") return a === b ? 0 : a === "" ? 1 : -1;
    const x = Number(a.replace(/,/g, "")), y = Number(b.replace(/,/g, ""));
    return Number.isNaN(x) || Number.isNaN(y) ? collator.compare(a, b) : x - y;
  }

  /* --- what is chosen stands in the address, so that it can be sent, reloaded and gone back to ------------------- */

  const choices = () => new URLSearchParams(location.search);
  function keep(name, value) {
    const chosen = choices();
    if (value) chosen.set(name, value); else chosen.delete(name);
    const query = chosen.toString();
    history.replaceState(history.state, "", `${location.pathname}${query ? `?${query}` : ""}${location.hash}`);
  }

  const dressAll = () => document.querySelectorAll("table[data-table]").forEach(dress);
  dressAll();
  document.addEventListener("sb:tables", dressAll);

  /* Chips narrow a table to the rows that have one of the chosen values of each kind. */
  for (const chips of document.querySelectorAll("[data-chips]")) {
    const table = document.querySelector(`table[data-address="${chips.dataset.chips}"]`);
    const buttons = Array.from(chips.querySelectorAll("[data-chip]"));
    if (!table) continue;
    const rows = Array.from(table.tBodies[0].rows);
    const chosen = (kind) => (choices().get(kind) || "").split("|").filter(Boolean);
    const narrow = () => {
      const kinds = [...new Set(buttons.map((one) => one.dataset.chip))].map((kind) => [kind, chosen(kind)]);
      for (const one of buttons) {
        const pressed = chosen(one.dataset.chip).includes(one.value), folded = one.closest("details");
        one.setAttribute("aria-pressed", String(pressed));
        if (pressed && folded) folded.open = true;
      }
      for (const row of rows) {
        row.hidden = !kinds.every(([kind, values]) => !values.length
          || (row.dataset[kind] || "").split("|").some((value) => values.includes(value)));
      }
    };
    for (const one of buttons) one.addEventListener("click", () => {
      const values = chosen(one.dataset.chip);
      const next = values.includes(one.value) ? values.filter((value) => value !== one.value) : [...values, one.value];
      keep(one.dataset.chip, next.join("|"));
      narrow();
    });
    const box = table.closest(".sb-scroll") || table, tools = box.previousElementSibling;
    if (tools && tools.matches(".sb-tools")) tools.lastChild.before(chips); else box.before(chips);
    chips.hidden = false;
    narrow();
  }

  /* What scrolls sideways and holds nothing to stop at is itself a stop for the keyboard. */
  const widths = new ResizeObserver((boxes) => boxes.forEach(({ target }) => {
    const table = target.querySelector("table"), fits = () => target.scrollWidth < target.clientWidth + 2;
    if (table?.tHead && table.matches(".sb-table") && !fits()) stack(table, 2);
    const stop = !fits() && !target.querySelector("a[href], button, summary");
    if (stop === target.hasAttribute("tabindex")) return;
    const said = { tabindex: "0", role: "group", "aria-label": (table && table.getAttribute("aria-label")) || "Table" };
    for (const [name, value] of Object.entries(said)) {
      if (stop) target.setAttribute(name, value); else target.removeAttribute(name);
    }
  }));
  addEventListener("load", () => document.querySelectorAll(".sb-scroll, .md-typeset__scrollwrap").forEach((box) => widths.observe(box)));

  /* On paper nothing can be opened. */
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((details) => { details.open = true; }));

  /* Which snapshot this is stands in the list of versions alone, so that a page that stays the same is the same file. */
  const frame = document.getElementById("__config");
  if (frame && location.protocol !== "file:") {
    const config = JSON.parse(frame.textContent);
    const home = new URL(`${config.base}/`, location);
    if (config.version) fetch(new URL("../versions.json", home)).then((answer) => answer.json()).then((versions) => {
      const name = home.pathname.split("/").filter(Boolean).pop();
      const here = versions.find((one) => one.version === name || one.aliases.includes(name));
      const newest = versions.find((one) => one.aliases.includes("latest"));
      if (!here) return;
      const asOf = here.title.replace(" · ", ", as of ");
      for (const said of document.querySelectorAll("[data-as-of]")) said.textContent = `: ${asOf}`;
      const printed = element("p", { className: "sb-printed" }, ...unbroken(`${document.title} · snapshot ${asOf} · ${location.href}`));
      const article = document.querySelector("article");
      if (article) article.prepend(printed);
      /* The same page of the newest snapshot, where it has one. */
      const link = document.querySelector("[data-latest]");
      const twin = newest && new URL(`../latest/${location.pathname.slice(home.pathname.length)}`, home);
      if (link && here !== newest && twin) link.addEventListener("click", (event) => {
        event.preventDefault();
        fetch(twin, { method: "HEAD" }).then((answer) => answer.ok, () => false)
          .then((there) => { location.href = there ? twin.href + location.hash : link.href; });
      });
    }).catch(() => {});
  }

  /* A wide picture opens as small as its words can be read, or as wide as its frame; a button fits it, or gives its own size.
     Where it scrolls, it is where the page's own asset is: in its middle, or on a phone at that asset's own edge. */
  for (const canvas of document.querySelectorAll(".sb-canvas")) {
    const drawn = canvas.querySelector("svg.sb-lineage"), root = canvas.querySelector(".sb-root");
    if (!drawn) continue;
    const own = Number(drawn.getAttribute("width"));
    const size = button("", () => { resize(size.textContent === "Fit"); });
    size.className = "sb-canvas__size";
    function resize(fit) {
      drawn.style.minWidth = `${fit ? own / 3 : own}px`;
      told(fit);
    }
    function told(fit) {
      size.textContent = fit ? "100 %" : "Fit";
      size.title = fit ? "The picture in its own size" : "The picture as wide as its frame";
      if (!root) return;
      const box = root.getBoundingClientRect(), frame = canvas.getBoundingClientRect();
      canvas.scrollLeft += box.left - frame.left - (frame.width < 3 * box.width ? 12 : (frame.width - box.width) / 2);
      canvas.scrollTop += box.top + box.height / 2 - frame.top - frame.height / 2;
    }
    told(drawn.getBoundingClientRect().width <= canvas.clientWidth);
    canvas.after(size);
    new ResizeObserver(() => { size.hidden = canvas.clientWidth - 2 * parseFloat(getComputedStyle(canvas).paddingLeft) >= own - 1; }).observe(canvas);
  }
})();
