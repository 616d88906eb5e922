/* The little that happens in the browser. Sorts, filters and pages the tables that the server rendered: `<table data-table="rows a page">`.
   Without this script every row is simply there. Text is only ever read and compared, never written as HTML. */
(() => {
  "use strict";

  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  function dress(table) {
    const size = Number(table.dataset.table) || 50;
    const body = table.tBodies[0];
    const head = table.tHead && table.tHead.rows[0];
    if (!body || !head || table.dataset.dressed) return;
    table.dataset.dressed = "yes";
    const rows = Array.from(body.rows, (row, index) => ({
      row, index,
      text: row.textContent.toLowerCase().replace(/\s+/g, " "),
      cells: Array.from(row.cells, (cell) => cell.textContent.trim().replace(/\s+/g, " ")),
    }));
    let shown = rows, page = 0, column = -1, direction = 1;

    const pages = () => Math.max(1, Math.ceil(shown.length / size));
    const draw = () => {
      page = Math.min(page, pages() - 1);
      const visible = new Set(shown.slice(page * size, (page + 1) * size));
      body.append(...shown.map((item) => item.row));
      for (const item of rows) item.row.hidden = !visible.has(item);
      if (count) {
        const first = shown.length ? page * size + 1 : 0;
        count.textContent = `${first}–${Math.min((page + 1) * size, shown.length)} of ${shown.length}`;
        back.disabled = page === 0;
        next.disabled = page >= pages() - 1;
      }
    };

    let count, back, next;
    if (rows.length > 8) {
      const tools = document.createElement("div");
      tools.className = "sb-tools";
      const filter = document.createElement("input");
      filter.type = "search";
      filter.placeholder = "Filter";
      filter.setAttribute("aria-label", `Filter: ${table.getAttribute("aria-label") || "table"}`);
      filter.addEventListener("input", () => {
        const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
        shown = rows.filter((item) => words.every((word) => item.text.includes(word)));
        page = 0;
        order();
      });
      count = document.createElement("span");
      count.setAttribute("role", "status");
      tools.append(filter, count);
      back = button("Back", () => { page -= 1; draw(); });
      next = button("Next", () => { page += 1; draw(); });
      if (rows.length > size) tools.append(back, next);
      (table.closest(".sb-scroll") || table).before(tools);
    }

    function order() {
      if (column < 0) shown = [...shown].sort((a, b) => a.index - b.index);
      else shown = [...shown].sort((a, b) => direction * compare(a.cells[column], b.cells[column]) || a.index - b.index);
      draw();
    }

    Array.from(head.cells).forEach((cell, index) => {
      if ("plain" in cell.dataset || rows.length < 2) return;
      const label = cell.textContent;
      const press = button(label, () => {
        direction = column === index ? -direction : 1;
        column = index;
        for (const other of head.cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
        order();
      });
      cell.replaceChildren(press);
    });
    draw();
  }

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

  document.querySelectorAll("table[data-table]").forEach(dress);

  /* On paper nothing can be opened. */
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((details) => { details.open = true; }));

  /* A wide picture opens where the page's own asset is. */
  for (const canvas of document.querySelectorAll(".sb-canvas")) {
    const root = canvas.querySelector(".sb-root");
    if (!root || canvas.scrollWidth <= canvas.clientWidth) continue;
    const box = root.getBoundingClientRect(), frame = canvas.getBoundingClientRect();
    canvas.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
  }
})();
