/* Explore: the lineage around one asset, opened step by step. Chunks of data are fetched as they are needed; each asset
   comes with its column, so that only rows are given here, to what is shown. Text is only ever set as text. */
(() => {
  "use strict";

  const frame = document.querySelector(".sb-explore");
  if (!frame) return;
  const { kinds, words, bits } = JSON.parse(document.getElementById("sb-explore-words").textContent);
  const root = frame.dataset.root;
  const canvas = frame.querySelector(".sb-explore__canvas");
  const panel = frame.querySelector(".sb-explore__panel");
  const status = frame.querySelector("[role=status]");
  const listed = document.querySelector("#sb-explore-list tbody");
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 160, HEIGHT = 56, GAP = 66, ROW = 14, STEP = 12;

  /* --- what is known ---------------------------------------------------------------------------------------- */

  const nodes = new Map(), byDigest = new Map(), arrows = new Map(), chunks = new Map(), walks = new Map();
  let shown = new Set(), start = null, chosen = null;

  const digest = (path) => path.replace(/\/$/, "").slice(-12);

  async function load(path) {
    const name = (parseInt(digest(path).slice(0, 4), 16) >> (16 - bits)).toString(16);
    if (!/^[0-9a-f]+$/.test(name)) return;
    if (!chunks.has(name)) {
      chunks.set(name, fetch(`${root}explore/data/${name}.json`).then((answer) => {
        if (!answer.ok) throw new Error(`${answer.status}`);
        return answer.json();
      }).then(take));
      chunks.get(name).catch(() => chunks.delete(name));
    }
    await chunks.get(name);
  }

  function take(data) {
    const here = data.nodes.map(([path, label, kind, column, where, marks, up, down]) => {
      const node = nodes.get(path) || { path, label, kind, column, where, marks, count: { up, down }, up: new Map(), down: new Map() };
      nodes.set(path, node);
      byDigest.set(digest(path), node);
      return node;
    });
    for (const [from, to, relation, role, certainty, candidate] of data.edges) {
      const key = [here[from].path, here[to].path, relation, role].join("\n");
      if (arrows.has(key)) continue;
      const arrow = { from: here[from], to: here[to], relation, role, certainty, candidate: candidate === 1 };
      arrows.set(key, arrow);
      put(here[from].down, here[to], arrow);
      put(here[to].up, here[from], arrow);
    }
  }

  function put(sides, other, arrow) {
    if (!sides.has(other)) sides.set(other, []);
    sides.get(other).push(arrow);
  }

  const hidden = (node, side) => [...node[side].keys()].filter((other) => !shown.has(other) && other !== node);

  /* How many neighbours are not shown: of all that there are, not of those that are loaded. */
  const more = (node, side) => node.count[side] - [...node[side].keys()].filter((other) => shown.has(other) && other !== node).length;

  /* Both ends of an arrow may be shown before the chunk of either is here. */
  const complete = () => Promise.all([...shown].map((one) => load(one.path)));

  /* What made an asset and what it reaches lies beside its page, as the questions answer it: nothing is followed here. */
  async function answer(node) {
    if (!walks.has(node.path)) {
      const beside = await fetch(`${root}${node.path}index.json`);
      if (!beside.ok) throw new Error(`${beside.status}`);
      walks.set(node.path, (await beside.json()).walks);
    }
    return walks.get(node.path);
  }

  /* --- what is opened --------------------------------------------------------------------------------------- */

  async function open(path, { push = true } = {}) {
    await load(path);
    const node = nodes.get(path);
    if (!node) return say("There is no such asset in this snapshot.");
    start = chosen = node;
    shown = new Set([node]);
    for (const side of ["up", "down"]) {
      let edge = [node];
      for (let hop = 0; edge.length && hop < 3 && shown.size < 24; hop += 1) {
        await Promise.all(edge.map((one) => load(one.path)));
        const next = edge.flatMap((one) => hidden(one, side)).slice(0, hop ? STEP / 2 : STEP);
        next.forEach((one) => shown.add(one));
        edge = next;
      }
    }
    await complete();
    if (push && decodeURIComponent(location.hash.slice(1)) !== path) history.pushState(null, "", `#${path}`);
    draw({ fit: true });
  }

  async function widen(node, side) {
    await load(node.path);
    const more = hidden(node, side).slice(0, STEP);
    more.forEach((one) => shown.add(one));
    await Promise.all(more.map((one) => load(one.path)));
    draw({ keep: node });
  }

  async function follow(node, walk) {
    const told = (await answer(node))[walk], digests = told.assets.match(/.{12}/g) || [];
    await Promise.all(digests.map(load));
    shown = new Set([node, ...digests.map((one) => byDigest.get(one))]);
    start = node;
    draw({ fit: true });
    if (told.more) say(`The nearest ${shown.size} assets are shown; there are more.`);
  }

  function drop(node) {
    shown.delete(node);
    chosen = start;
    draw({});
  }

  /* --- rows ------------------------------------------------------------------------------------------------- */

  function arrange() {
    const columns = [...new Set([...shown].map((node) => node.column))].sort((a, b) => a - b);
    const at = new Map(columns.map((column, index) => [column, index]));
    const lanes = columns.map(() => []);
    const cells = new Map();
    const add = (lane, node) => {
      const cell = { lane, node, left: [], right: [], y: 0 };
      lanes[lane].push(cell);
      return cell;
    };
    for (const node of [...shown].sort((a, b) => (a.kind + a.label + a.path < b.kind + b.label + b.path ? -1 : 1))) {
      cells.set(node, add(at.get(node.column), node));
    }
    const lines = new Map();
    for (const arrow of arrows.values()) {
      if (!cells.has(arrow.from) || !cells.has(arrow.to) || arrow.from === arrow.to) continue;
      const key = `${arrow.from.path}\n${arrow.to.path}`;
      if (!lines.has(key)) lines.set(key, { from: arrow.from, to: arrow.to, arrows: [], way: [] });
      lines.get(key).arrows.push(arrow);
    }
    for (const line of lines.values()) {
      const a = cells.get(line.from), b = cells.get(line.to);
      let here = a;
      line.way = [a];
      for (let lane = a.lane + 1; lane < b.lane; lane += 1) {
        const bend = add(lane, null);
        link(here, bend);
        line.way.push(bend);
        here = bend;
      }
      if (b.lane > a.lane) link(here, b);
      line.way.push(b);
    }
    for (let sweep = 0; sweep < 8; sweep += 1) {
      const side = sweep % 2 ? "right" : "left";
      for (const lane of sweep % 2 ? [...lanes].reverse() : lanes) {
        lane.forEach((cell, index) => {
          const others = cell[side];
          cell.weight = others.length ? others.reduce((sum, other) => sum + other.rank, 0) / others.length : cell.rank ?? index;
        });
        lane.sort((p, q) => p.weight - q.weight);
        lane.forEach((cell, index) => { cell.rank = index; });
      }
    }
    const tall = (cell) => (cell.node ? HEIGHT + ROW : ROW + 8);
    const stack = (lane) => {
      for (let pass = 0; pass < 2; pass += 1) {
        for (let i = 1; i < lane.length; i += 1) {
          const room = (tall(lane[i - 1]) + tall(lane[i])) / 2;
          const short = lane[i - 1].y + room - lane[i].y;
          if (short > 0) { lane[i - 1].y -= short / 2; lane[i].y += short / 2; }
        }
        for (let i = lane.length - 1; i > 0; i -= 1) {
          const room = (tall(lane[i - 1]) + tall(lane[i])) / 2;
          const short = lane[i - 1].y + room - lane[i].y;
          if (short > 0) lane[i - 1].y -= short;
        }
      }
    };
    for (const lane of lanes) {
      let y = 0;
      for (const cell of lane) { cell.y = y + tall(cell) / 2; y += tall(cell); }
      for (const cell of lane) cell.y -= y / 2;
    }
    for (let pass = 0; pass < 12; pass += 1) {
      for (const lane of pass % 2 ? [...lanes].reverse() : lanes) {
        for (const cell of lane) {
          const others = [...cell.left, ...cell.right];
          if (others.length) cell.y += (others.reduce((sum, other) => sum + other.y, 0) / others.length - cell.y) * 0.7;
        }
        stack(lane);
      }
    }
    for (const lane of lanes) stack(lane);
    const top = Math.min(...lanes.flat().map((cell) => cell.y));
    for (const cell of lanes.flat()) {
      cell.x = cell.lane * (WIDTH + GAP) + WIDTH / 2;
      cell.y = Math.round(cell.y - top + HEIGHT / 2);
    }
    return { cells, lines: [...lines.values()], lanes };
  }

  function link(a, b) {
    a.right.push(b);
    b.left.push(a);
  }

  /* --- drawing ---------------------------------------------------------------------------------------------- */

  const view = { x: 0, y: 0, k: 1 };
  let layer = null, placed = null;

  function make(name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function outline(shape) {
    const w = WIDTH, h = HEIGHT, x = -w / 2, y = -h / 2;
    switch (shape) {
      case "drum": return `M${x} ${y + 4}a${w / 2} 4 0 0 1 ${w} 0v${h - 8}a${w / 2} 4 0 0 1 -${w} 0zM${x} ${y + 4}a${w / 2} 4 0 0 0 ${w} 0`;
      case "hexagon": return `M${x + 11} ${y}h${w - 22}l11 ${h / 2}-11 ${h / 2}h-${w - 22}l-11-${h / 2}z`;
      case "pill": return `M${x + 20} ${y}h${w - 40}a20 20 0 0 1 20 20v${h - 40}a20 20 0 0 1-20 20h-${w - 40}a20 20 0 0 1-20-20v-${h - 40}a20 20 0 0 1 20-20z`;
      case "slant": return `M${x + 10} ${y}h${w - 10}l-10 ${h}h-${w - 10}z`;
      case "note": return `M${x} ${y}h${w - 11}l11 11v${h - 11}h-${w}zM${x + w - 11} ${y}v11h11`;
      case "facet": return `M${x + 8} ${y}h${w - 16}l8 8v${h - 16}l-8 8h-${w - 16}l-8-8v-${h - 16}z`;
      default: return `M${x + 5} ${y}h${w - 10}q5 0 5 5v${h - 10}q0 5-5 5h-${w - 10}q-5 0-5-5v-${h - 10}q0-5 5-5z`;
    }
  }

  /* A name in a line or two, broken where it has parts, the middle gone if that is not enough; wide letters are two. */
  const breadth = (letter) => (letter.codePointAt(0) > 0x2e7f ? 2 : 1);

  function fitting(letters, room) {
    let left = room;
    const end = letters.findIndex((letter) => (left -= breadth(letter)) < 0);
    return end < 0 ? letters : letters.slice(0, end);
  }

  function inLines(text, room = 18) {
    const letters = [...text], head = fitting(letters, room);
    if (head.length === letters.length) return [text];
    const part = head.findLastIndex((letter) => "-_/:@ ".includes(letter)) + 1;
    const cut = part >= room / 3 ? part : head.length;
    const rest = letters.slice(cut).join("").trimStart();
    return [letters.slice(0, cut).join("").trimEnd(), short([...rest], room)];
  }

  function short(letters, room) {
    if (fitting(letters, room).length === letters.length) return letters.join("");
    const half = Math.floor((room - 1) / 2);
    return `${fitting(letters, half).join("")}…${fitting(letters.reverse(), room - 1 - half).reverse().join("")}`;
  }

  const title = (node) => (kinds[node.kind] || [node.kind])[0];
  const STRENGTH = ["referenced", "declared", "inferred"];
  const told = (arrow) => (words[arrow.relation] || arrow.relation) + (arrow.role ? ` (${arrow.role})` : "");

  function draw({ fit = false, keep = null }) {
    const before = keep && placed && placed.cells.get(keep);
    const old = before && { x: before.x, y: before.y };
    placed = arrange();
    const svg = canvas.querySelector("svg");
    layer = svg.querySelector("g");
    layer.replaceChildren();
    for (const line of placed.lines) {
      const best = line.arrows.reduce((a, b) => (STRENGTH.indexOf(b.certainty) < STRENGTH.indexOf(a.certainty) ? b : a));
      const path = make("path", { class: `sb-edge sb-${best.certainty}`, d: way(line.way), "marker-end": "url(#sb-explore-tip)" });
      path.append(make("title", {}, `${line.from.label} ${line.arrows.map(told).join(", ")} ${line.to.label}`));
      path.dataset.ends = `${line.from.path} ${line.to.path}`;
      layer.append(path);
    }
    for (const lane of placed.lanes) for (const cell of lane) if (cell.node) layer.append(box(cell));
    if (fit) frameAll();
    else if (old) {
      const now = placed.cells.get(keep);
      view.x += (old.x - now.x) * view.k;
      view.y += (old.y - now.y) * view.k;
      place();
    }
    choose(chosen && shown.has(chosen) ? chosen : start, { focus: false });
    list();
  }

  function way(cells) {
    const [a, ...rest] = cells;
    const b = rest[rest.length - 1];
    if (b.lane <= a.lane) {
      const x = a.x + WIDTH / 2, y = a.y, to = b.x - WIDTH / 2;
      return `M${x} ${y}C${x + 60} ${y - 70} ${to - 60} ${b.y - 70} ${to} ${b.y}`;
    }
    let x = a.x + WIDTH / 2, y = a.y, out = `M${x} ${y}`;
    for (const cell of rest) {
      const to = cell.x - WIDTH / 2, half = (to - x) / 2;
      out += `C${x + half} ${y} ${to - half} ${cell.y} ${to} ${cell.y}`;
      if (!cell.node) out += `H${cell.x + WIDTH / 2}`;
      x = cell.x + WIDTH / 2;
      y = cell.y;
    }
    return out;
  }

  function box(cell) {
    const node = cell.node;
    const [name, shape] = kinds[node.kind] || [node.kind, "box"];
    const caption = name + (node.marks.length ? ` (${node.marks.join(", ")})` : "");
    const up = more(node, "up"), down = more(node, "down");
    const group = make("g", { transform: `translate(${cell.x} ${cell.y})` });
    const whole = `${caption} ${node.label}${up ? `, ${up} more upstream` : ""}${down ? `, ${down} more downstream` : ""}`;
    const press = make("g", {
      class: ["sb-node", `sb-${shape}`, node === start ? "sb-root" : "", ...node.marks.map((mark) => `sb-is-${mark}`)].join(" "),
      role: "button", tabindex: "-1", "aria-label": whole,
    });
    press.append(make("title", {}, `${caption}\n${node.label}\n${node.where}`));
    press.append(make("path", { d: outline(shape) }));
    const lines = inLines(node.label), y = lines.length > 1 ? 5 : 13;
    press.append(make("text", { class: "sb-caption", y: y - 15 }, caption));
    lines.forEach((line, place) => press.append(make("text", { y: y + place * 15 }, line)));
    press.addEventListener("click", () => choose(node));
    press.addEventListener("dblclick", () => { location.href = root + node.path; });
    press.addEventListener("keydown", (event) => key(event, node));
    group.append(press);
    if (up) group.append(handle(node, "up", up, -WIDTH / 2 - 14));
    if (down) group.append(handle(node, "down", down, WIDTH / 2 + 14));
    cell.press = press;
    return group;
  }

  /* For the mouse alone: the panel has the same as buttons. */
  function handle(node, side, count, x) {
    const made = make("g", { class: "sb-handle", transform: `translate(${x} 0)`, "aria-hidden": "true" });
    made.append(make("title", {}, `${count} more ${side === "up" ? "upstream" : "downstream"}`));
    made.append(make("circle", { r: 12 }));
    made.append(make("text", { y: 3.5 }, count > 99 ? "99+" : `+${count}`));
    made.addEventListener("click", () => widen(node, side));
    return made;
  }

  /* --- the chosen one --------------------------------------------------------------------------------------- */

  function choose(node, { focus = true } = {}) {
    if (!node) return;
    chosen = node;
    for (const cell of placed.cells.values()) {
      const it = cell.node === node;
      cell.press.setAttribute("tabindex", it ? "0" : "-1");
      cell.press.setAttribute("aria-pressed", String(it));
      if (it && focus) { cell.press.focus({ preventScroll: true }); reveal(cell); }
    }
    for (const path of layer.querySelectorAll(".sb-edge")) {
      path.classList.toggle("sb-lit", path.dataset.ends.split(" ").includes(node.path));
    }
    const up = more(node, "up"), down = more(node, "down");
    panel.replaceChildren(
      element("p", { className: "sb-overline" }, title(node)),
      element("h2", {}, node.label),
      element("p", { className: "sb-quiet" }, [node.where, ...node.marks].filter(Boolean).join(" · ")),
      element("p", {}, element("a", { href: root + node.path, className: "sb-go" }, "Open its page")),
      actions(
        ["Show more upstream", up && `${up}`, () => widen(node, "up"), up === 0],
        ["Show more downstream", down && `${down}`, () => widen(node, "down"), down === 0],
        ["Everything that made it", "", () => follow(node, "made"), node.count.up === 0],
        ["Everything it reaches", "", () => follow(node, "reaches"), node.count.down === 0],
        ["Start from here", "", () => open(node.path), node === start],
        ["Hide it", "", () => drop(node), node === start],
      ),
    );
    say(`${shown.size} assets and ${placed.lines.length} arrows are shown.`);
  }

  function actions(...all) {
    const list = element("div", { className: "sb-explore__actions" });
    for (const [label, count, act, off] of all) {
      if (off) continue;
      const made = element("button", { type: "button" }, label);
      if (count) made.append(" ", element("span", { className: "sb-quiet" }, count));
      made.addEventListener("click", () => Promise.resolve(act()).then(() => {
        const again = [...panel.querySelectorAll("button")].find((other) => other.textContent.startsWith(label));
        if (again) again.focus(); else focusChosen();
      }).catch(failed));
      list.append(made);
    }
    return list;
  }

  function focusChosen() {
    const cell = chosen && placed.cells.get(chosen);
    if (cell) cell.press.focus({ preventScroll: true });
  }

  function key(event, node) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = placed.cells.get(node);
    const near = (cells) => cells.reduce((a, b) => (!a || Math.abs(b.y - cell.y) < Math.abs(a.y - cell.y) ? b : a), null);
    const beside = (side) => near([...node[side].keys()].map((other) => placed.cells.get(other)).filter(Boolean));
    const lane = placed.lanes[cell.lane].filter((other) => other.node);
    const index = lane.indexOf(cell);
    const moves = { ArrowLeft: () => beside("up"), ArrowRight: () => beside("down"), ArrowUp: () => lane[index - 1], ArrowDown: () => lane[index + 1], Home: () => placed.cells.get(start) };
    const acts = {
      Enter: () => choose(node), " ": () => choose(node),
      "[": () => widen(node, "up").then(focusChosen), "]": () => widen(node, "down").then(focusChosen),
      Delete: () => { if (node !== start) { drop(node); focusChosen(); } },
      "+": () => zoom(1.25), "-": () => zoom(0.8), 0: () => frameAll(),
    };
    if (event.key in moves) {
      const to = moves[event.key]();
      if (to) choose(to.node);
    } else if (event.key in acts) acts[event.key]();
    else return;
    event.preventDefault();
  }

  /* --- pan and zoom ----------------------------------------------------------------------------------------- */

  const place = () => layer.setAttribute("transform", `translate(${view.x.toFixed(1)} ${view.y.toFixed(1)}) scale(${view.k.toFixed(3)})`);

  function zoom(by, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
    const k = Math.min(2.5, Math.max(0.15, view.k * by));
    view.x = x - (x - view.x) * (k / view.k);
    view.y = y - (y - view.y) * (k / view.k);
    view.k = k;
    place();
  }

  /* Where a picture is put along one side of the frame: in the middle where it fits, else with `at` as near to the
     middle as there is picture on both sides. */
  function settle(room, from, to, at) {
    if (to - from <= room) return (room - from - to) / 2;
    return Math.min(-from, Math.max(room - to, room / 2 - at));
  }

  function frameAll() {
    const cells = [...placed.cells.values()], middle = placed.cells.get(start);
    const xs = cells.map((cell) => cell.x), ys = cells.map((cell) => cell.y);
    const [left, right] = [Math.min(...xs) - WIDTH / 2 - 30, Math.max(...xs) + WIDTH / 2 + 30];
    const [top, bottom] = [Math.min(...ys) - HEIGHT / 2 - 15, Math.max(...ys) + HEIGHT / 2 + 15];
    const { clientWidth: w, clientHeight: h } = canvas;
    const k = Math.min(1.1, Math.max(0.62, Math.min(w / (right - left), h / (bottom - top))));
    view.k = k;
    view.x = settle(w, left * k, right * k, middle.x * k);
    view.y = settle(h, top * k, bottom * k, middle.y * k);
    place();
  }

  function reveal(cell) {
    const x = cell.x * view.k + view.x, y = cell.y * view.k + view.y, edge = 100 * view.k + 20;
    view.x += Math.max(0, edge - x) - Math.max(0, x - canvas.clientWidth + edge);
    view.y += Math.max(0, 40 - y) - Math.max(0, y - canvas.clientHeight + 40);
    place();
  }

  const held = new Map();
  let moved = false;
  canvas.addEventListener("pointerdown", (event) => { held.set(event.pointerId, event); moved = false; });
  addEventListener("pointerup", (event) => held.delete(event.pointerId));
  addEventListener("pointercancel", (event) => held.delete(event.pointerId));
  addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId);
    if (!last || !layer) return;
    if (held.size === 1) {
      const dx = event.clientX - last.clientX, dy = event.clientY - last.clientY;
      if (!moved && Math.hypot(dx, dy) < 4) return;
      moved = true;
      view.x += dx;
      view.y += dy;
      place();
    } else {
      const [a, b] = [...held.values()], other = a.pointerId === event.pointerId ? b : a;
      const was = Math.hypot(last.clientX - other.clientX, last.clientY - other.clientY);
      const now = Math.hypot(event.clientX - other.clientX, event.clientY - other.clientY);
      const edge = canvas.getBoundingClientRect();
      moved = true;
      if (was > 0) zoom(now / was, (event.clientX + other.clientX) / 2 - edge.left, (event.clientY + other.clientY) / 2 - edge.top);
    }
    held.set(event.pointerId, event);
  });
  canvas.addEventListener("click", (event) => { if (moved) { event.stopPropagation(); moved = false; } }, true);
  /* The wheel scrolls the page, until somebody works in the picture. */
  canvas.addEventListener("wheel", (event) => {
    if (!layer || !(event.ctrlKey || canvas.contains(document.activeElement))) return;
    event.preventDefault();
    const edge = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 400), event.clientX - edge.left, event.clientY - edge.top);
  }, { passive: false });
  for (const [name, act] of [["in", () => zoom(1.25)], ["out", () => zoom(0.8)], ["fit", frameAll]]) {
    frame.querySelector(`[data-zoom=${name}]`).addEventListener("click", () => layer && act());
  }

  /* --- the same as text ------------------------------------------------------------------------------------- */

  function list() {
    const rows = placed.lines.flatMap((line) => line.arrows).sort((a, b) => a.from.column - b.from.column || (a.from.label < b.from.label ? -1 : 1));
    listed.replaceChildren(...rows.map((arrow) => {
      const row = document.createElement("tr");
      row.append(
        element("td", {}, linked(arrow.from)), element("td", {}, words[arrow.relation] || arrow.relation),
        element("td", {}, arrow.role), element("td", {}, linked(arrow.to)),
        element("td", {}, arrow.certainty + (arrow.candidate ? ", candidate" : "")),
      );
      return row;
    }));
    document.getElementById("sb-explore-list").hidden = rows.length === 0;
  }

  function linked(node) {
    const made = document.createElement("span");
    made.append(element("span", { className: "sb-kind" }, title(node)), " ", element("a", { className: "sb-name", href: root + node.path }, node.label));
    return made;
  }

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function say(text) { status.textContent = text; }

  function failed() {
    say("The data of this page could not be fetched. It needs a web server: 'studbook serve' is one. Every asset's own page works without.");
  }

  /* --- search ----------------------------------------------------------------------------------------------- */

  const input = frame.querySelector("input[type=search]");
  const found = frame.querySelector(".sb-explore__found");
  let turn = 0;

  async function search() {
    const mine = (turn += 1);
    const asked = input.value.trim();
    const hits = asked ? await window.studbookSearch.find(asked, (page) => valid(page.path), 8) : [];
    if (mine !== turn) return;
    found.replaceChildren(...hits.map(({ title: label, path, facets }) => {
      const about = facets.filter(Boolean).join(" · ");
      const press = element("button", { type: "button" }, element("strong", {}, label), " ", element("span", { className: "sb-quiet" }, about));
      press.addEventListener("click", () => {
        turn += 1;
        input.value = "";
        found.replaceChildren();
        open(path).then(focusChosen).catch(failed);
      });
      return element("li", {}, press);
    }));
    if (asked) say(hits.length ? `${hits.length === 8 ? "The first 8 hits" : `${hits.length} found`}.` : "Nothing has that name.");
  }

  input.addEventListener("input", () => search().catch(failed));
  input.addEventListener("keydown", (event) => {
    const first = found.querySelector("button");
    if (event.key === "Enter" && first) { event.preventDefault(); first.click(); }
    if (event.key === "ArrowDown" && first) { event.preventDefault(); first.focus(); }
    if (event.key === "Escape") found.replaceChildren();
  });
  found.addEventListener("keydown", (event) => {
    const all = [...found.querySelectorAll("button")], index = all.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && all[index + 1]) all[index + 1].focus();
    else if (event.key === "ArrowUp") (all[index - 1] || input).focus();
    else if (event.key === "Escape") { found.replaceChildren(); input.focus(); }
    else return;
    event.preventDefault();
  });

  /* --- begin ------------------------------------------------------------------------------------------------ */

  const asked = () => decodeURIComponent(location.hash.slice(1));
  const valid = (path) => /^[a-z-]+\/[a-z0-9-]*[0-9a-f]{12}\/$/.test(path);
  addEventListener("hashchange", () => { if (valid(asked())) open(asked(), { push: false }).catch(failed); });
  addEventListener("popstate", () => { if (valid(asked())) open(asked(), { push: false }).catch(failed); });
  frame.hidden = false;
  const first = valid(asked()) ? asked() : frame.dataset.start;
  if (first) open(first, { push: false }).catch(failed);
})();
