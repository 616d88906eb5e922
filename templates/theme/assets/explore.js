/* Explore: what made an asset and what depends on it, as the questions answer it, drawn in five lanes. Nothing is followed
   here: the rows of `trace` and `impact` lie beside each page, the edges and neighbours of each asset in chunks. What is
   switched off is folded into the arrows, along each row's own `via`. Text is only ever set as text. */
(() => {
  "use strict";

  const frame = document.querySelector(".sb-explore");
  if (!frame) return;
  const { kinds, words, bits, lanes: LANES, certainties, says } = JSON.parse(document.getElementById("sb-explore-words").textContent);
  const { element, save, saveCsv, stack, byName } = window.studbook;
  const root = frame.dataset.root;
  const canvas = frame.querySelector(".sb-explore__canvas");
  const panel = frame.querySelector(".sb-explore__panel");
  const status = frame.querySelector("[role=status]");
  const listed = document.querySelector("#sb-explore-list tbody");
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 160, HEIGHT = 56, GAP = 70, ROW = 14, STEP = 12, HEAD = 34;
  /* The most assets that are drawn, and the most boxes that a picture opens with. */
  const MOST = 160, OPENS = 36, STACK = 3;
  /* Pixels below which lanes stand one below the other. */
  const NARROW = 640;
  const LAYERS = ["artifact", "mlflow"];

  /* --- what is known ---------------------------------------------------------------------------------------- */

  const nodes = new Map(), byDigest = new Map(), arrows = new Map(), chunks = new Map(), beside = new Map();
  let rows = new Map(), start = null, chosen = null, drawn = [], through = new Set(), unknown = 0, folds = 0, furthest = { up: 0, down: 0 };

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
    const here = data.nodes.map(([path, label, kind, column, where, marks, up, down], at) => {
      const node = nodes.get(path) || { path, label, kind, column, where, marks, count: { up, down }, up: new Map(), down: new Map() };
      if (at < data.members) node.loaded = true;
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

  /* The answers of an asset, and the edges that end at it with their evidence: a file beside its page. */
  async function answers(path) {
    if (!beside.has(path)) {
      beside.set(path, fetch(`${root}${path}index.json`).then((answer) => {
        if (!answer.ok) throw new Error(`${answer.status}`);
        return answer.json();
      }).then((found) => {
        if (found.error) throw new Error(found.error);
        return found;
      }));
      beside.get(path).catch(() => beside.delete(path));
    }
    return beside.get(path);
  }

  const info = (kind) => kinds[kind] || [kind, `${kind}s`, "box", 1, ""];
  const title = (node) => info(node.kind)[0];

  /* --- the view, which is the address ----------------------------------------------------------------------- */

  const view = {};

  function reset(path) {
    Object.assign(view, { path, up: null, down: null, show: new Set(), hide: new Set(), add: new Set(), drop: new Set(), open: new Set(), to: null });
  }

  function written() {
    const out = new URLSearchParams();
    for (const side of ["up", "down"]) if (view[side] !== null) out.set(side, view[side]);
    for (const name of ["show", "hide", "add", "drop", "open"]) if (view[name].size) out.set(name, [...view[name]].join("."));
    if (view.to) out.set("to", view.to);
    return view.path + (String(out) ? `?${out}` : "");
  }

  /* False where the address names no asset. */
  function read(text) {
    const [path, rest] = text.split("?");
    if (!/^[a-z-]+\/[a-z0-9-]*[0-9a-f]{12}\/$/.test(path)) return false;
    reset(path);
    const given = new URLSearchParams(rest || "");
    for (const side of ["up", "down"]) if (/^\d{1,3}$/.test(given.get(side))) view[side] = Number(given.get(side));
    for (const name of ["show", "hide"]) for (const one of (given.get(name) || "").split(".")) if (/^[a-z]+$/.test(one)) view[name].add(one);
    for (const name of ["add", "drop", "open"]) for (const one of (given.get(name) || "").split(".")) if (/^[0-9a-f]{12}$/.test(one)) view[name].add(one);
    if (/^[0-9a-f]{12}$/.test(given.get("to"))) view.to = given.get("to");
    return true;
  }

  const asked = () => { try { return decodeURIComponent(location.hash.slice(1)); } catch { return ""; } };

  /* Another asset is a step back in the browser's history; another look at it is not. */
  function keep(push) {
    const now = `#${written()}`;
    if (location.hash !== now) history[push ? "pushState" : "replaceState"](null, "", now);
  }

  /* --- what is shown ---------------------------------------------------------------------------------------- */

  async function open(address, { push = true } = {}) {
    if (!read(address)) return;
    rows = new Map();
    unknown = 0;
    start = chosen = null;
    await load(view.path).catch((error) => { if (!/^40[34]$/.test(error.message)) throw error; });
    if (!nodes.get(view.path)?.loaded) return absent();
    const [told] = await Promise.all([answers(view.path), window.studbookSearch.ready()]);
    start = chosen = nodes.get(view.path);
    canvas.hidden = false;
    furthest = { up: 0, down: 0 };
    for (const [side, question] of [["up", "trace"], ["down", "impact"]]) {
      const answer = told.answers[question];
      unknown += answer?.unknown.length || 0;
      for (const row of answer?.rows || []) {
        const key = window.studbookSearch.sha256(row.asset).slice(0, 12);
        furthest[side] = Math.max(furthest[side], row.distance);
        if (!rows.has(key)) rows.set(key, { ...row, key, side, via: window.studbookSearch.sha256(row.via).slice(0, 12) });
      }
      start[question] = answer?.total ?? 0;
    }
    await show({ fit: true, push });
  }

  /* No picture, and why: what another night had, or an address of nothing. */
  async function absent() {
    await known;
    const night = frame.querySelector("[data-night]").textContent;
    const newest = new URL(`${root}../latest/explore/#${written()}`, location.href);
    canvas.hidden = true;
    layer = placed = null;
    listed.replaceChildren();
    document.getElementById("sb-explore-list").hidden = true;
    say("");
    panel.replaceChildren(element("p", { className: "sb-overline" }, night ? `Snapshot ${night}` : "This snapshot"), element("h2", {}, "Not in this night"),
      element("p", {}, "This snapshot does not have the asset that the address names. No source had shown it yet, or another version of Studbook named it otherwise."),
      element("p", {}, ...(night ? ["Move the night, look at ", element("a", { href: newest.href }, "the newest"), ", or begin"] : ["Begin"]), " with what is listed above."));
  }

  const folded = (kind) => info(kind)[4] && !view.show.has(info(kind)[4]);

  /* The rows on the way from one to the start, itself first: each names the neighbour that leads there. */
  function way_to(key) {
    const out = [];
    for (let row = rows.get(key); row && !out.includes(row); row = rows.get(row.via)) out.push(row);
    return out;
  }

  async function show({ fit = false, push = false, near = null } = {}) {
    if (!start) return undefined;
    let wanted;
    if (view.to) {
      wanted = way_to(view.to);
    } else {
      const within = (row) => (view[row.side] === null || row.distance <= view[row.side]) && !view.drop.has(row.key) && !(view.hide.has("inferred") && row.certainty === "inferred");
      wanted = [...rows.values()].filter((row) => within(row) && !folded(row.kind)).sort((a, b) => a.distance - b.distance);
    }
    const cut = Math.max(0, wanted.length - MOST);
    wanted = wanted.slice(0, MOST);
    through = new Set(wanted.flatMap((row) => way_to(row.key)).map((row) => row.key));
    const needed = [...new Set([...wanted.map((row) => row.key), ...through, ...(view.to ? [] : view.add)])];
    const failed = (await Promise.allSettled(needed.map(load))).filter((one) => one.status === "rejected").length;
    for (const row of [...wanted, ...[...through].map((key) => rows.get(key))]) if (!byDigest.has(row.key)) unread(row);
    const chosenOnes = new Set([start, ...wanted.map((row) => byDigest.get(row.key)), ...(view.to ? [] : [...view.add].map((key) => byDigest.get(key)))].filter(Boolean));
    for (const node of chosenOnes) if (node !== start && !view.to && view.hide.has("gone") && node.marks.includes("gone")) chosenOnes.delete(node);
    drawn = [...chosenOnes];
    /* What a switch or a press hides, within the depth that is shown: it is said, for a picture seems whole. */
    folds = view.to ? 0 : [...rows.values()].filter((row) => (view[row.side] === null || row.distance <= view[row.side]) && !chosenOnes.has(byDigest.get(row.key))).length - cut;
    /* A picture opens with what fits it: the nearest on both sides. */
    if (fit && !view.to && view.up === null && view.down === null && boxes_of(lines_of(new Set(drawn))).length > OPENS) {
      const depth = Math.max(furthest.up, furthest.down);
      for (let far = 1; far < depth; far += 1) {
        const closer = new Set(drawn.filter((node) => node === start || rows.get(digest(node.path)).distance <= far));
        if (far > 1 && boxes_of(lines_of(closer)).length > OPENS) break;
        view.up = Math.min(far, furthest.up);
        view.down = Math.min(far, furthest.down);
      }
      return show({ fit, push, near });
    }
    keep(push);
    controls();
    draw({ fit, near });
    if (failed) say("Some of it could not be fetched and is drawn with “?”.");
    else if (cut) say(`The nearest ${wanted.length} assets are shown; ${cut} more are further away.`);
    return undefined;
  }

  /* What an answer names and no chunk could tell of. */
  function unread(row) {
    const node = { path: null, label: row.asset.split(/[/:]/).pop() || row.asset, kind: row.kind, column: 0, where: "", marks: [], count: null, up: new Map(), down: new Map(), key: row.key };
    byDigest.set(row.key, node);
  }

  const key_of = (node) => (node.path ? digest(node.path) : node.key);

  /* How many neighbours are not in the picture and not folded into its arrows; null where that is not known. */
  function more(members, side) {
    if (members.some((node) => !node.loaded)) return null;
    return beyond(members, side).length;
  }

  function beyond(members, side) {
    const here = new Set(drawn);
    /* What is folded is no border where an arrow stands for it, or where it ends. */
    const counts = (other) => !folded(other.kind) || (!through.has(key_of(other)) && other.count?.[side]);
    return [...new Set(members.flatMap((node) => [...node[side].keys()]))].filter((other) => !here.has(other) && counts(other));
  }

  /* Lines between what is shown: edges, and what is folded into one along the way of each row. */
  function lines_of(here) {
    const lines = new Map();
    const line = (from, to) => {
      const key = `${key_of(from)} ${key_of(to)}`;
      if (!lines.has(key)) lines.set(key, { from, to, arrows: [], via: [] });
      return lines.get(key);
    };
    for (const arrow of arrows.values()) {
      if (here.has(arrow.from) && here.has(arrow.to) && arrow.from !== arrow.to) line(arrow.from, arrow.to).arrows.push(arrow);
    }
    for (const node of here) {
      const row = rows.get(key_of(node));
      if (!row) continue;
      const hidden = [];
      let at = rows.get(row.via), end = row.via;
      while (at && !here.has(byDigest.get(end)) && !hidden.includes(at)) { hidden.push(at); end = at.via; at = rows.get(end); }
      const other = end === key_of(start) ? start : byDigest.get(end);
      if (!hidden.length || !other || !here.has(other) || other === node) continue;
      const [from, to] = row.side === "up" ? [node, other] : [other, node];
      const steps = [node, ...hidden.map((one) => byDigest.get(one.key)), other];
      const said = steps.slice(1).flatMap((one, at) => (one && steps[at] ? [...(steps[at].up.get(one) || []), ...(steps[at].down.get(one) || [])] : []));
      const made = line(from, to);
      if (!made.arrows.length) Object.assign(made, { via: hidden, certainty: weakest(said) || row.certainty });
    }
    return [...lines.values()];
  }

  const STRENGTH = ["referenced", "declared", "inferred"];
  const weakest = (several) => several.reduce((worst, one) => (STRENGTH.indexOf(one.certainty) > STRENGTH.indexOf(worst) ? one.certainty : worst), several[0]?.certainty);
  const strongest = (line) => (line.arrows.length ? line.arrows.reduce((best, one) => (STRENGTH.indexOf(one.certainty) < STRENGTH.indexOf(best) ? one.certainty : best), "inferred") : line.certainty);

  /* Boxes: an asset each, or a stack of siblings, which are of one kind and came from the same. */
  function boxes_of(lines, here = new Set(lines.flatMap((line) => [line.from, line.to]).concat(start))) {
    const sides = new Map([...here].map((node) => [node, { up: [], down: [] }]));
    for (const line of lines) { sides.get(line.from).down.push(key_of(line.to)); sides.get(line.to).up.push(key_of(line.from)); }
    /* Those of one stack count as one, so that what came from them can be a stack too. */
    const of = new Map([...here].map((node) => [key_of(node), key_of(node)]));
    let groups;
    for (let pass = 0; pass < 4; pass += 1) {
      groups = new Map();
      for (const node of here) {
        const [up, down] = ["up", "down"].map((side) => [...new Set(sides.get(node)[side].map((one) => of.get(one)))].sort());
        const key = node === start || view.to ? key_of(node) : [node.kind, up.length ? "up" : "down", ...(up.length ? up : down)].join(" ");
        if (!groups.has(key)) groups.set(key, []);
        groups.get(key).push(node);
      }
      for (const several of groups.values()) if (stacks(several)) for (const node of several) of.set(key_of(node), key_of(several[0]));
    }
    return [...groups.values()].flatMap((several) => {
      if (!stacks(several)) return several.map((node) => ({ key: key_of(node), members: [node] }));
      several.sort((a, b) => byName(a.label, b.label));
      return [{ key: key_of(several[0]), members: several, led: several.filter((node) => sides.get(node).down.length).length }];
    });
  }

  const stacks = (several) => several.length >= STACK && !several.some((node) => view.open.has(key_of(node)));

  /* --- places ----------------------------------------------------------------------------------------------- */

  function arrange() {
    const here = new Set(drawn), all = lines_of(here), boxes = boxes_of(all, here);
    const lane_of = (box) => info(box.members[0].kind)[3];
    const used = [...new Set(boxes.map(lane_of))].sort((a, b) => a - b);
    const at = new Map(used.map((lane, index) => [lane, index]));
    const lanes = used.map(() => []);
    const cells = new Map(), of = new Map();
    const add = (lane, box) => {
      const cell = { lane, box, node: box?.members[0], left: [], right: [], y: 0 };
      lanes[lane].push(cell);
      return cell;
    };
    const first = (box) => Math.min(...box.members.map((node) => node.column));
    for (const box of boxes.sort((a, b) => first(a) - first(b) || byName(a.members[0].label, b.members[0].label))) {
      const cell = add(at.get(lane_of(box)), box);
      cells.set(box.key, cell);
      for (const node of box.members) of.set(node, cell);
    }
    const lines = new Map();
    for (const one of all) {
      const a = of.get(one.from), b = of.get(one.to);
      if (a === b) continue;
      const key = `${a.box.key} ${b.box.key}`;
      if (!lines.has(key)) lines.set(key, { a, b, parts: [], way: [] });
      lines.get(key).parts.push(one);
    }
    for (const line of lines.values()) {
      const step = Math.sign(line.b.lane - line.a.lane);
      let last = line.a;
      line.way = [last];
      for (let lane = line.a.lane + step; step && lane !== line.b.lane; lane += step) {
        const bend = add(lane, null);
        link(last, bend, step);
        line.way.push(bend);
        last = bend;
      }
      if (step) link(last, line.b, step);
      line.way.push(line.b);
    }
    for (const lane of lanes) lane.forEach((cell, index) => { cell.rank = index; });
    for (let sweep = 0; sweep < 8; sweep += 1) {
      const side = sweep % 2 ? "right" : "left";
      for (const lane of sweep % 2 ? [...lanes].reverse() : lanes) {
        lane.forEach((cell) => {
          const others = cell[side];
          cell.weight = others.length ? others.reduce((sum, other) => sum + other.rank, 0) / others.length : cell.rank;
        });
        lane.sort((p, q) => p.weight - q.weight);
        lane.forEach((cell, index) => { cell.rank = index; });
      }
    }
    const tall = (cell) => (cell.box ? HEIGHT + ROW + (cell.box.members.length > 1 ? 8 : 0) : ROW + 4);
    const heights = lanes.map((lane) => lane.reduce((sum, cell) => sum + tall(cell), 0)), height = Math.max(...heights);
    /* No lane is longer than the longest has to be: each cell stays below the one before it, and above the end. */
    const settle = (lane) => {
      let from = -height / 2, to = height / 2;
      for (const cell of lane) { cell.y = Math.max(cell.y, from + tall(cell) / 2); from = cell.y + tall(cell) / 2; }
      for (const cell of [...lane].reverse()) { cell.y = Math.min(cell.y, to - tall(cell) / 2); to = cell.y - tall(cell) / 2; }
    };
    lanes.forEach((lane, index) => {
      let y = -heights[index] / 2;
      for (const cell of lane) { cell.y = y + tall(cell) / 2; y += tall(cell); }
    });
    for (let pass = 0; pass < 8; pass += 1) {
      for (const lane of pass % 2 ? [...lanes].reverse() : lanes) {
        for (const cell of lane) {
          const others = [...cell.left, ...cell.right];
          if (others.length) cell.y += (others.reduce((sum, other) => sum + other.y, 0) / others.length - cell.y) * 0.5;
        }
        settle(lane);
      }
    }
    const heads = used.map((lane) => LANES[lane]), narrow = canvas.clientWidth < NARROW;
    const bands = narrow ? below(lanes) : abreast(lanes);
    return { cells, of, lines: [...lines.values()], lanes, narrow, bands: bands.map((band, lane) => ({ head: heads[lane], ...band })) };
  }

  /* Lane beside lane. */
  function abreast(lanes) {
    const top = Math.min(...lanes.flat().map((cell) => cell.y));
    for (const cell of lanes.flat()) {
      cell.x = cell.lane * (WIDTH + GAP) + WIDTH / 2;
      cell.y = Math.round(cell.y - top + HEIGHT / 2 + HEAD);
    }
    const height = Math.max(...lanes.flat().map((cell) => cell.y)) + HEIGHT / 2 + 14;
    return lanes.map((_, lane) => ({ x: lane * (WIDTH + GAP) - GAP / 2 + 4, y: 0, width: WIDTH + GAP - 8, height }));
  }

  /* Lane below lane, two boxes side by side: what a phone can show in letters that can be read. */
  function below(lanes) {
    let y = 0;
    return lanes.map((lane) => {
      const from = y, boxes = lane.filter((cell) => cell.box);
      boxes.forEach((cell, at) => { cell.x = (at % 2) * (WIDTH + 60) + WIDTH / 2; cell.y = from + HEAD + Math.floor(at / 2) * (HEIGHT + 22) + HEIGHT / 2; });
      y += HEAD + Math.ceil(boxes.length / 2) * (HEIGHT + 22) + 6;
      return { x: -32, y: from, width: 2 * WIDTH + 124, height: y - from - 8 };
    });
  }

  function link(a, b, step) {
    const [left, right] = step > 0 ? [a, b] : [b, a];
    left.right.push(right);
    right.left.push(left);
  }

  /* --- drawing ---------------------------------------------------------------------------------------------- */

  const eye = { x: 0, y: 0, k: 1 };
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

  /* A name in a line or two, as `in_lines` of src/studbook/words.py; wide letters are two. */
  const breadth = (letter) => (letter.codePointAt(0) > 0x2e7f ? 2 : 1);

  function fitting(letters, room) {
    let left = room;
    const end = letters.findIndex((letter) => (left -= breadth(letter)) < 0);
    return end < 0 ? letters : letters.slice(0, end);
  }

  function inLines(text, room = 18) {
    const letters = [...text], head = fitting(letters, room);
    if (head.length === letters.length) return [text];
    const place = text.lastIndexOf(" · ", head.join("").length);
    if (place > 0) return [text.slice(0, place), short([...text.slice(place + 3)], room)];
    const cut = head.findLastIndex((letter) => "-_/:@ ".includes(letter) || breadth(letter) > 1) + 1;
    const rest = letters.slice(cut).join("").trimStart();
    return cut ? [letters.slice(0, cut).join("").trimEnd(), short([...rest], room)] : [short(letters, room)];
  }

  function short(letters, room) {
    if (fitting(letters, room).length === letters.length) return letters.join("");
    const half = Math.floor((room - 1) / 2);
    return `${fitting(letters, half).join("")}…${fitting(letters.reverse(), room - 1 - half).reverse().join("")}`;
  }


  const told = (arrow) => (words[arrow.relation] || arrow.relation) + (arrow.role ? ` (${arrow.role})` : "");
  const counted = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;

  /* A line in words: what each edge says, or how many records are folded into it. */
  const line_words = (part) => (part.arrows.length ? part.arrows.map(told).join(", ") : `leads by way of ${counted(part.via.length, "record")} to`);

  function draw({ fit = false, near = null }) {
    const before = near && placed?.of.get(near);
    const old = before && { x: before.x, y: before.y };
    placed = arrange();
    layer = canvas.querySelector("svg g");
    layer.replaceChildren();
    for (const { head, ...band } of placed.bands) {
      layer.append(make("rect", { class: "sb-lane", rx: 8, ...band }));
      layer.append(make("text", { class: "sb-lane__head", x: band.x + band.width / 2, y: band.y + 20 }, head));
    }
    for (const line of placed.lines) {
      const best = line.parts.map(strongest).reduce((a, b) => (STRENGTH.indexOf(b) < STRENGTH.indexOf(a) ? b : a));
      const group = make("g", { class: "sb-line" });
      const d = way(line.way);
      group.append(make("title", {}, line.parts.slice(0, 5).map((part) => `${part.from.label} ${line_words(part)} ${part.to.label}`).join("\n")));
      group.append(make("path", { class: "sb-line__hit", d }));
      group.append(make("path", { class: `sb-edge sb-${best}${line.parts.every((part) => part.via.length) ? " sb-folded" : ""}`, d, "marker-end": "url(#sb-explore-tip)" }));
      group.addEventListener("click", () => tell(line.parts));
      line.drawn = group;
      layer.append(group);
    }
    for (const cell of placed.cells.values()) layer.append(box(cell));
    if (fit) frameAll();
    else if (old && placed.of.get(near)) {
      const now = placed.of.get(near);
      eye.x += (old.x - now.x) * eye.k;
      eye.y += (old.y - now.y) * eye.k;
      place();
    } else place();
    choose(placed.of.has(chosen) ? chosen : start, { focus: false });
    list();
    mark();
  }

  function way(cells) {
    const [a, ...rest] = cells;
    const b = rest[rest.length - 1];
    if (placed.narrow) {
      const down = Math.sign(b.y - a.y), from = a.y + (down * HEIGHT) / 2, to = b.y - (down * HEIGHT) / 2, half = (to - from) / 2;
      if (!down) return `M${a.x + (Math.sign(b.x - a.x) * WIDTH) / 2} ${a.y}H${b.x - (Math.sign(b.x - a.x) * WIDTH) / 2}`;
      return `M${a.x} ${from}C${a.x} ${from + half} ${b.x} ${to - half} ${b.x} ${to}`;
    }
    if (b.lane === a.lane) {
      /* In one lane: down to the next box, else around on the right. */
      const between = placed_between(a, b);
      if (b.y > a.y && !between) return `M${a.x} ${a.y + HEIGHT / 2}V${b.y - HEIGHT / 2}`;
      const x = a.x + WIDTH / 2, out = x + 22 + Math.min(26, Math.abs(b.y - a.y) / 12);
      return `M${x} ${a.y + 6}C${out} ${a.y + 6} ${out} ${b.y - 6} ${x} ${b.y - 6}`;
    }
    const step = Math.sign(b.lane - a.lane), half_width = (step * WIDTH) / 2;
    let x = a.x + half_width, y = a.y, out = `M${x} ${y}`;
    for (const cell of rest) {
      const to = cell.x - half_width, half = (to - x) / 2;
      out += `C${x + half} ${y} ${to - half} ${cell.y} ${to} ${cell.y}`;
      if (!cell.box) out += `H${cell.x + half_width}`;
      x = cell.x + half_width;
      y = cell.y;
    }
    return out;
  }

  const placed_between = (a, b) => placed.lanes[a.lane].some((cell) => cell !== a && cell !== b && cell.y > Math.min(a.y, b.y) && cell.y < Math.max(a.y, b.y));

  function box(cell) {
    const { members, led } = cell.box, node = cell.node, many = members.length > 1;
    const [name, plural, shape] = info(node.kind);
    const place_of = drawn.some((other) => other !== node && other.label === node.label && other.kind === node.kind) ? node.where.split(" · ")[0] : "";
    const caption = many ? (led && led < members.length ? `${led} led on to what is shown` : "press to see each") : name + (place_of && ` · ${place_of}`) + (node.marks.length ? ` (${node.marks.join(", ")})` : "");
    const label = many ? counted(members.length, name.toLowerCase(), plural.toLowerCase()) : node.label;
    const group = make("g", { transform: `translate(${cell.x} ${cell.y})` });
    const borders = [["up", -WIDTH / 2 - 14], ["down", WIDTH / 2 + (many ? 22 : 14)]].map(([side, x]) => [side, x, more(members, side)]);
    const whole = `${many ? label : `${caption} ${label}`}${borders.map(([side, , count]) => (count === null ? `, unknown ${side}stream` : count ? `, ${count} more ${side}stream` : "")).join("")}`;
    const press = make("g", {
      class: ["sb-node", `sb-${shape}`, members.includes(start) ? "sb-root" : "", many ? "sb-stack" : "", ...(many ? [] : node.marks.map((mark) => `sb-is-${mark}`))].join(" "),
      role: "button", tabindex: "-1", "aria-label": whole,
    });
    press.append(make("title", {}, many ? members.slice(0, 12).map((one) => one.label).join("\n") : `${caption}\n${node.label}\n${node.where}`));
    if (many) for (const off of [8, 4]) press.append(make("path", { d: outline(shape), transform: `translate(${off} ${off})` }));
    press.append(make("path", { d: outline(shape) }));
    const lines = inLines(label), y = lines.length > 1 ? 5 : 13;
    press.append(make("text", { class: "sb-caption", y: y - 15 }, caption));
    lines.forEach((line, at) => press.append(make("text", { y: y + at * 15 }, line)));
    press.addEventListener("click", () => choose(node));
    press.addEventListener("dblclick", () => { if (many) unfold(cell.box); else if (node.path) location.href = root + node.path; });
    press.addEventListener("keydown", (event) => key(event, node));
    group.append(press);
    for (const [side, x, count] of borders) if (count !== 0) group.append(handle(members, side, count, x));
    cell.press = press;
    return group;
  }

  /* For the mouse alone: the panel has the same as buttons. */
  function handle(members, side, count, x) {
    const made = make("g", { class: "sb-handle", transform: `translate(${x} 0)`, "aria-hidden": "true" });
    made.append(make("title", {}, count === null ? "What is here could not be fetched" : `${count} more ${side === "up" ? "upstream" : "downstream"}`));
    made.append(make("circle", { r: 12 }));
    made.append(make("text", { y: 3.5 }, count === null ? "?" : count > 99 ? "99+" : `+${count}`));
    made.addEventListener("click", () => widen(members, side).catch(failed));
    return made;
  }

  /* --- what one does with it -------------------------------------------------------------------------------- */

  async function widen(members, side) {
    await Promise.all(members.map((node) => load(key_of(node))));
    for (const other of beyond(members, side).slice(0, STEP)) { view.add.add(key_of(other)); view.drop.delete(key_of(other)); }
    view.to = null;
    await show({ near: members[0] });
  }

  function unfold(box) {
    view.open.add(box.key);
    return show({ near: box.members[0] });
  }

  function drop(node) {
    view.add.delete(key_of(node));
    view.drop.add(key_of(node));
    chosen = start;
    return show();
  }

  /* All that a question answers, whatever is switched off. */
  function everything(node, side) {
    const [path, other] = [node.path, side === "up" ? "down" : "up"];
    return open(`${path}?${other}=0&${side}=999&show=${LAYERS.join(".")}`);
  }

  function path_to(node) {
    const key = key_of(node), found = way_to(key);
    if (!found.length) {
      const all = start.trace + start.impact <= rows.size;
      return say(`${start.label} and ${node.label}: neither is among ${all ? "what made the other, as far as this snapshot knows" : `the nearest ${rows.size} that the other's answers tell of`}${unknown ? `; ${counted(unknown, "thing")} could not be seen` : ""}.`);
    }
    view.to = key;
    return show({ fit: true }).then(() => say(`${counted(found.length, "step")} between ${start.label} and ${node.label}; of the weakest ${says[rows.get(key).certainty]} so${rows.get(key).candidate ? ", one of several that fit" : ""}.`));
  }

  /* --- the chosen one --------------------------------------------------------------------------------------- */

  function choose(node, { focus = true } = {}) {
    if (!node) return;
    chosen = node;
    const here = placed.of.get(node);
    for (const cell of placed.cells.values()) {
      const it = cell === here;
      cell.press.setAttribute("tabindex", it ? "0" : "-1");
      cell.press.setAttribute("aria-pressed", String(it));
      if (it && focus) { cell.press.focus({ preventScroll: true }); reveal(cell); }
    }
    for (const line of placed.lines) line.drawn.classList.toggle("sb-lit", line.a === here || line.b === here);
    if (here.box.members.length > 1) stacked(here.box);
    else single(node);
    summary();
  }

  function summary() {
    const assets = drawn.length, boxes = placed.cells.size;
    say(`${counted(assets, "asset")}${boxes < assets ? ` in ${counted(boxes, "box", "boxes")}` : ""} and ${counted(placed.lines.length, "arrow")}. ${start.label} was made from ${counted(start.trace, "asset")} and reaches ${start.impact.toLocaleString("en")}${folds > 0 ? `; ${folds.toLocaleString("en")} of them are switched off here` : ""}${unknown ? `; ${counted(unknown, "thing")} could not be seen` : ""}.`);
  }

  function single(node) {
    const [up, down] = ["up", "down"].map((side) => more([node], side));
    const row = rows.get(key_of(node));
    panel.replaceChildren(
      element("p", { className: "sb-overline" }, title(node)),
      element("h2", {}, node.label),
      element("p", { className: "sb-quiet" }, [node.where, ...node.marks].filter(Boolean).join(" · ")),
      ...(row ? [element("p", { className: "sb-quiet" }, `${row.side === "up" ? "Upstream" : "Downstream"} of ${start.label}, ${counted(row.distance, "step")} away; of its weakest arrow ${says[row.certainty]} so${row.candidate ? ", one of several that fit" : ""}.`)] : []),
      ...(node.path ? [element("p", {}, element("a", { href: root + node.path, className: "sb-go" }, "Open its page"))] : [element("p", {}, "What is known of it could not be fetched.")]),
      actions(
        ["Show more upstream", up && `${up}`, () => widen([node], "up"), !up],
        ["Show more downstream", down && `${down}`, () => widen([node], "down"), !down],
        ["Everything that made it", "", () => everything(node, "up"), !node.count?.up],
        ["Everything it reaches", "", () => everything(node, "down"), !node.count?.down],
        ["Path from the start", "", () => path_to(node), node === start || Boolean(view.to)],
        ["Back to the whole picture", "", () => { view.to = null; return show({ fit: true }); }, !view.to],
        ["Start from here", "", () => open(node.path), node === start || !node.path],
        ["Hide it", "", () => drop(node), node === start],
      ),
    );
  }

  function stacked(box) {
    const [name, plural] = info(box.members[0].kind);
    panel.replaceChildren(
      element("p", { className: "sb-overline" }, "Siblings, made from the same"),
      element("h2", {}, counted(box.members.length, name.toLowerCase(), plural.toLowerCase())),
      element("p", { className: "sb-quiet" }, box.led ? `${box.led} led on to what is shown.` : "None led on to what is shown."),
      element("ul", { className: "sb-plainlist" }, ...box.members.map((node) => element("li", {}, node.path ? element("a", { href: root + node.path }, node.label) : node.label, ...node.marks.map((mark) => ` (${mark})`)))),
      actions(
        ["Show each", "", () => unfold(box), false],
        ...["up", "down"].map((side) => [`Show more ${side}stream`, `${more(box.members, side)}`, () => widen(box.members, side), !more(box.members, side)]),
      ),
    );
  }

  /* What an arrow says: its sentence, the field that says so, and the field's value. */
  async function tell(parts) {
    for (const line of placed.lines) line.drawn.classList.toggle("sb-lit", line.parts === parts);
    const said = [];
    for (const part of parts) {
      if (!part.arrows.length) {
        said.push(element("p", {}, `${part.from.label} leads to ${part.to.label} by way of ${part.via.map((row) => byDigest.get(row.key)?.label || row.asset).join(", ")}.`), element("p", { className: "sb-quiet" }, `${says[part.certainty]}: ${certainties[part.certainty]} Switch on what is folded to see each arrow.`));
        continue;
      }
      const edges = part.to.path ? (await answers(part.to.path)).upstream : [];
      for (const arrow of part.arrows) {
        said.push(element("p", {}, `${arrow.from.label} `, element("strong", {}, told(arrow)), ` ${arrow.to.label}.`));
        said.push(element("p", { className: "sb-quiet" }, `${says[arrow.certainty]}: ${certainties[arrow.certainty]}${arrow.candidate ? " It is one of several that fit." : ""}`));
        const edge = edges.find((one) => one.relation === arrow.relation && (one.role || "") === arrow.role && window.studbookSearch.sha256(one.source).slice(0, 12) === key_of(arrow.from));
        for (const { field, value } of edge?.evidence || []) {
          said.push(element("p", {}, element("code", {}, field), ...(value === undefined ? [] : [" is ", element("code", {}, JSON.stringify(value).slice(0, 400))])));
        }
      }
    }
    const [part] = parts;
    panel.replaceChildren(element("p", { className: "sb-overline" }, parts.length === 1 ? "Arrow" : counted(parts.length, "arrow")), element("h2", {}, parts.length === 1 ? `${part.from.label} → ${part.to.label}` : "What they say"), ...said);
    panel.scrollTop = 0;
  }

  function actions(...all) {
    const made = element("div", { className: "sb-explore__actions" });
    for (const [label, count, act, off] of all) {
      if (off) continue;
      const button = element("button", { type: "button" }, label);
      if (count) button.append(" ", element("span", { className: "sb-quiet" }, count));
      button.addEventListener("click", () => Promise.resolve(act()).then(() => {
        const again = [...panel.querySelectorAll("button")].find((other) => other.textContent.startsWith(label));
        if (again) again.focus(); else focusChosen();
      }).catch(failed));
      made.append(button);
    }
    return made;
  }

  function focusChosen() {
    const cell = chosen && placed.of.get(chosen);
    if (cell) cell.press.focus({ preventScroll: true });
  }

  function key(event, node) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const cell = placed.of.get(node);
    const near = (cells) => cells.reduce((a, b) => (!a || Math.abs(b.y - cell.y) < Math.abs(a.y - cell.y) ? b : a), null);
    const side = (end, other) => near(placed.lines.filter((line) => line[end] === cell).map((line) => line[other]));
    const lane = placed.lanes[cell.lane].filter((other) => other.box);
    const index = lane.indexOf(cell);
    const moves = { ArrowLeft: () => side("b", "a"), ArrowRight: () => side("a", "b"), ArrowUp: () => lane[index - 1], ArrowDown: () => lane[index + 1], Home: () => placed.of.get(start) };
    const acts = {
      Enter: () => choose(node), " ": () => choose(node),
      "[": () => widen(cell.box.members, "up").then(focusChosen), "]": () => widen(cell.box.members, "down").then(focusChosen),
      Delete: () => { if (node !== start) drop(node).then(focusChosen); },
      "+": () => zoom(1.25), "-": () => zoom(0.8), 0: () => frameAll(),
    };
    if (event.key in moves) {
      const to = moves[event.key]();
      if (to) choose(to.node);
    } else if (event.key in acts) acts[event.key]();
    else return;
    event.preventDefault();
  }

  /* --- switches, depth, nights, finding ---------------------------------------------------------------------- */

  const control = (name) => frame.querySelector(`[data-view="${name}"]`);

  function controls() {
    for (const name of LAYERS) control(name).checked = view.show.has(name);
    for (const name of ["gone", "inferred"]) control(name).checked = !view.hide.has(name);
    for (const side of ["up", "down"]) {
      const depth = view[side] === null ? furthest[side] : Math.min(view[side], furthest[side]);
      Object.assign(control(side), { max: furthest[side], value: depth, disabled: !furthest[side] });
      frame.querySelector(`[data-depth="${side}"]`).textContent = `${depth} of ${furthest[side]}`;
    }
  }

  for (const name of LAYERS) control(name).addEventListener("change", (event) => { view.show[event.target.checked ? "add" : "delete"](name); show({ fit: true }).catch(failed); });
  for (const name of ["gone", "inferred"]) control(name).addEventListener("change", (event) => { view.hide[event.target.checked ? "delete" : "add"](name); show({ fit: true }).catch(failed); });
  for (const side of ["up", "down"]) {
    control(side).addEventListener("input", (event) => {
      view[side] = Number(event.target.value);
      view.to = null;
      show({ fit: true }).catch(failed);
    });
  }

  /* Marks what has the words in its name, kind or place; Enter goes from one to the next. */
  const within = control("find");

  function hits() {
    const parts = within.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (node) => { const text = `${title(node)} ${node.label} ${node.where} ${node.marks.join(" ")}`.toLowerCase(); return parts.every((part) => text.includes(part)); };
    return parts.length ? [...placed.cells.values()].filter((cell) => cell.box.members.some(fits)) : null;
  }

  function mark() {
    const found = placed && hits();
    for (const cell of placed?.cells.values() || []) cell.press.classList.toggle("sb-dim", Boolean(found) && !found.includes(cell));
    return found;
  }

  within.addEventListener("input", () => { const found = mark(); if (found) say(`${counted(found.length, "box has", "boxes have")} it.`); else summary(); });
  within.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const found = mark() || [];
    const next = found[(found.findIndex((cell) => cell === placed.of.get(chosen)) + 1) % found.length];
    if (next) { choose(next.node, { focus: false }); reveal(next); }
  });

  /* The same view in another night's site. */
  async function nights() {
    const config = document.getElementById("__config");
    if (!config || !JSON.parse(config.textContent).version) return;
    const answer = await fetch(new URL(`${root}../versions.json`, location.href));
    const all = answer.ok ? (await answer.json()).reverse() : [];
    const here = new URL(root, location.href).pathname.split("/").filter(Boolean).pop();
    const now = all.findIndex((one) => one.version === here || one.aliases.includes(here));
    if (all.length < 2 || now < 0) return;
    const slider = control("night"), shown = frame.querySelector("[data-night]");
    const name = (at) => { shown.textContent = all[at].title; slider.setAttribute("aria-valuetext", all[at].title); };
    Object.assign(slider, { max: all.length - 1, value: now });
    name(now);
    slider.closest("label").hidden = false;
    slider.addEventListener("input", () => name(Number(slider.value)));
    slider.addEventListener("change", () => {
      const at = Number(slider.value);
      location.href = new URL(`${root}../${at === all.length - 1 ? "latest" : all[at].version}/explore/${location.hash}`, location.href);
    });
  }

  /* --- to take away ------------------------------------------------------------------------------------------ */

  const DRAWN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight", "text-anchor", "text-decoration", "opacity", "paint-order"];

  /* The picture as a document of its own: whole, with its colours in it. */
  function as_svg() {
    const source = canvas.querySelector("svg"), copy = source.cloneNode(true);
    const [from, to] = [source, copy].map((one) => [...one.querySelectorAll("*")]);
    from.forEach((one, at) => {
      const style = getComputedStyle(one);
      for (const name of DRAWN) if (style[name]) to[at].setAttribute(name, style.getPropertyValue(name));
      for (const name of ["class", "role", "tabindex", "aria-label", "aria-pressed", "aria-hidden"]) to[at].removeAttribute(name);
    });
    for (const hit of [...copy.querySelectorAll("path")].filter((one) => one.getAttribute("stroke") === "rgba(0, 0, 0, 0)")) hit.remove();
    const { left, top, right, bottom } = extent();
    copy.querySelector("g").removeAttribute("transform");
    for (const [name, value] of Object.entries({ viewBox: `${left} ${top} ${right - left} ${bottom - top}`, width: right - left, height: bottom - top })) copy.setAttribute(name, value);
    copy.querySelector("g").before(make("rect", { x: left, y: top, width: right - left, height: bottom - top, fill: getComputedStyle(frame.querySelector(".sb-explore__stage")).backgroundColor }));
    return { text: new XMLSerializer().serializeToString(copy), width: right - left, height: bottom - top };
  }

  const file = () => `lineage-${view.path.split("/")[1]}`;
  const takes = {
    svg: () => save(`${file()}.svg`, as_svg().text, "image/svg+xml"),
    png: () => {
      const { text, width, height } = as_svg(), picture = new Image();
      const scale = Math.min(2, 8000 / Math.max(width, height));
      picture.onload = () => {
        const sheet = Object.assign(document.createElement("canvas"), { width: width * scale, height: height * scale });
        sheet.getContext("2d").drawImage(picture, 0, 0, sheet.width, sheet.height);
        sheet.toBlob((blob) => save(`${file()}.png`, blob, blob.type));
      };
      picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    },
    csv: () => {
      const line = (part, arrow) => [title(part.from), part.from.label, part.from.where, arrow ? arrow.relation : `by way of ${part.via.length}`, arrow?.role || "", title(part.to), part.to.label, part.to.where, arrow ? arrow.certainty : part.certainty];
      const all = placed.lines.flatMap((one) => one.parts).flatMap((part) => (part.arrows.length ? part.arrows.map((arrow) => line(part, arrow)) : [line(part)]));
      saveCsv(file(), [["from_kind", "from", "from_place", "relation", "role", "to_kind", "to", "to_place", "certainty"], ...all]);
    },
  };
  for (const [kind, take] of Object.entries(takes)) frame.querySelector(`[data-take=${kind}]`).addEventListener("click", () => placed && take());

  /* --- pan and zoom ----------------------------------------------------------------------------------------- */

  const place = () => layer.setAttribute("transform", `translate(${eye.x.toFixed(1)} ${eye.y.toFixed(1)}) scale(${eye.k.toFixed(3)})`);

  function zoom(by, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
    const k = Math.min(2.5, Math.max(0.15, eye.k * by));
    eye.x = x - (x - eye.x) * (k / eye.k);
    eye.y = y - (y - eye.y) * (k / eye.k);
    eye.k = k;
    place();
  }

  function extent() {
    const { bands } = placed, last = bands[bands.length - 1];
    return { left: bands[0].x - 6, right: last.x + last.width + 12, top: -6, bottom: last.y + last.height + 8 };
  }

  function frameAll() {
    const { left, right, top, bottom } = extent();
    /* The frame is as high as the picture, as far as the window lets it; on a phone the page scrolls over it. */
    const needed = ((bottom - top) * canvas.clientWidth) / (right - left);
    canvas.style.height = `${Math.round(placed.narrow ? needed : Math.max(340, Math.min(needed, (bottom - top) * 1.1, innerHeight * 0.68)))}px`;
    const { clientWidth: w, clientHeight: h } = canvas;
    eye.k = Math.min(1.1, w / (right - left), h / (bottom - top));
    eye.x = (w - (left + right) * eye.k) / 2;
    eye.y = (h - (top + bottom) * eye.k) / 2;
    place();
  }

  function reveal(cell) {
    const x = cell.x * eye.k + eye.x, y = cell.y * eye.k + eye.y, edge = 100 * eye.k + 20;
    eye.x += Math.max(0, edge - x) - Math.max(0, x - canvas.clientWidth + edge);
    eye.y += Math.max(0, 40 - y) - Math.max(0, y - canvas.clientHeight + 40);
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
      eye.x += dx;
      eye.y += dy;
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
    const parts = placed.lines.flatMap((line) => line.parts).sort((a, b) => a.from.column - b.from.column || byName(a.from.label, b.from.label));
    const rows = parts.flatMap((part) => (part.arrows.length ? part.arrows.map((arrow) => [part, arrow]) : [[part, null]]));
    listed.replaceChildren(...rows.map(([part, arrow]) => {
      const row = document.createElement("tr"), why = element("button", { type: "button" }, "why");
      why.addEventListener("click", () => tell([part]).then(() => panel.scrollIntoView({ block: "nearest" })).catch(failed));
      row.append(
        element("td", {}, linked(part.from)), element("td", {}, arrow ? words[arrow.relation] || arrow.relation : `by way of ${part.via.length}`),
        element("td", {}, arrow?.role || ""), element("td", {}, linked(part.to)),
        element("td", {}, arrow ? says[arrow.certainty] + (arrow.candidate ? ", candidate" : "") : says[part.certainty]), element("td", {}, why),
      );
      return row;
    }));
    stack(listed.closest("table"));
    document.getElementById("sb-explore-list").hidden = rows.length === 0;
  }

  function linked(node) {
    const made = document.createElement("span");
    made.append(element("span", { className: "sb-kind" }, title(node)), " ", node.path ? element("a", { className: "sb-name", href: root + node.path }, node.label) : node.label);
    return made;
  }

  function say(text) { status.textContent = text; }

  function failed(error) {
    say(/^could not be made/.test(error?.message) ? `What this page asks for ${error.message}. This is a bug in Studbook.` : "The data of this page could not be fetched. It needs a web server: 'studbook serve' is one. Every asset's own page works without.");
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
    found.replaceChildren(...hits.map(({ title: label, path, place, facets }) => {
      const about = facets.filter((one) => one && !place.split(" · ").includes(one)).join(" · ");
      const press = element("button", { type: "button" }, element("strong", {}, place ? `${label} · ${place}` : label), " ", element("span", { className: "sb-quiet" }, about));
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

  const valid = (path) => /^[a-z-]+\/[a-z0-9-]*[0-9a-f]{12}\/$/.test(path);
  const again = () => { if (asked() && asked() !== (start && written())) open(asked(), { push: false }).catch(failed); };
  addEventListener("hashchange", again);
  addEventListener("popstate", again);
  addEventListener("resize", () => placed && draw({ fit: true }));
  frame.hidden = false;
  const known = nights().catch(() => {});
  const first = valid(asked().split("?")[0]) ? asked() : frame.dataset.start;
  if (first) open(first, { push: false }).catch(failed);
})();
