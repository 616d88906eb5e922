/* Compare: two to six things of a kind side by side, a verdict first. What is known of a thing is fetched when it is chosen; what
   differs, and the verdict, are comparison.js's. Text is set as text, and an address is one of this site's own or a known host's. */
(() => {
  "use strict";

  const frame = document.querySelector(".sb-compare");
  if (!frame) return;
  const { sections, kinds } = JSON.parse(document.getElementById("sb-compare-words").textContent);
  const { element, saveCsv, unbroken, byName } = window.studbook;
  const root = frame.dataset.root;
  const part = (name) => frame.querySelector(name);
  const [status, verdict, charts, result] = ["[role=status]", ".sb-compare__verdict", ".sb-compare__charts", ".sb-compare__result"].map(part);
  const [kind, whole, boxes, only] = ["[data-kind]", "[data-whole]", ".sb-compare__things", "[data-only]"].map(part);
  const TITLES = { base: "Base model", data: "Data", state: "State", objects: "Objects that are not the same", parameters: "Parameters", hyperparameters: "Hyperparameters", code: "Code", configuration: "Configuration", training: "Training", metrics: "Metrics", evaluations: "Evaluations", judged: "What it judged", registry: "Registry", made: "What came of it", deployments: "Deployments", readers: "Who read it" };
  const WHOLES = { "model-package": "Model", "training-job": "Month and account", "mlflow-run": "Experiment", "dataset-version": "Dataset", "evaluator-version": "Evaluator" };
  const [MOST, AXES] = [6, 8];
  const letter = (index) => "ABCDEF"[index];
  const files = new Map();
  let wholes = [], chosen = [];

  function get(path) {
    if (!/^[a-z0-9/-]+$/.test(path)) return Promise.reject(new Error(path));
    if (!files.has(path)) {
      files.set(path, fetch(`${root}compare/${path.replace(/\/$/, "")}.json`).then((answer) => {
        if (!answer.ok) throw new Error(`${answer.status}`);
        return answer.json();
      }).then((found) => {
        if (found.error) throw new Error(found.error);
        return found;
      }));
      files.get(path).catch(() => files.delete(path));
    }
    return files.get(path);
  }

  const placed = (name, where) => (where ? `${name} (${where})` : name);

  /* The check boxes: the things of the whole that is looked at, and those that are chosen of others. */
  async function choices() {
    const here = wholes[whole.value] || { members: [], total: 0 };
    const others = chosen.filter((path) => !here.members.some(([, other]) => other === path));
    const names = await Promise.all(others.map((path) => get(path).then((one) => placed(one.name, one.where), () => path)));
    const focused = boxes.contains(document.activeElement) ? document.activeElement.value : null;
    boxes.replaceChildren(...[...here.members, ...others.map((path, index) => [names[index], path])].map(([name, path]) => {
      const at = chosen.indexOf(path);
      const box = element("input", { type: "checkbox", value: path, checked: at >= 0, disabled: at < 0 && chosen.length >= MOST });
      return element("label", {}, box, ...(at < 0 ? [] : [badge(at)]), name);
    }), ...(here.total > here.members.length ? [element("span", { className: "sb-quiet" }, `The newest ${here.members.length} of ${here.total}; any other is chosen by its box in the tables of this catalog.`)] : []));
    if (focused) boxes.querySelector(`[value="${CSS.escape(focused)}"]`)?.focus();
  }

  async function show() {
    history.replaceState(null, "", `#${chosen.join("+")}`);
    const asked = [...chosen];
    const several = asked.length > 1 ? await Promise.all(asked.map(get)) : [];
    await choices();
    if (asked.join() !== chosen.join()) return;
    for (const one of [verdict, charts, result]) one.replaceChildren();
    if (asked.length < 2) {
      status.textContent = asked.length ? "Choose one more." : "Choose two.";
      return;
    }
    /* A place that all share tells nothing. */
    const alike = several.every((one) => one.where === several[0].where) && new Set(several.map((one) => one.name)).size === several.length;
    const names = several.map((one) => placed(one.name, alike ? "" : one.where));
    const links = Object.assign({}, ...several.map((one) => one.names));
    const labels = new Map(several.flatMap((one) => one.facts.map((fact) => [`${fact[0]}\n${fact[1]}`, fact[2]])));
    const found = Comparison.compared(several, names, sections);
    const different = found.rows.filter((row) => !row.equal), equal = found.rows.filter((row) => row.equal);
    status.textContent = `${different.length} ${different.length === 1 ? "fact differs" : "facts differ"}, ${equal.length} ${equal.length === 1 ? "is" : "are"} equal.`;
    verdict.replaceChildren(...found.verdicts.map((told, index) => element("li", {}, badge(index + 1), told)),
      ...found.ranges.map((href) => element("li", {}, "What changed in the code: ", element("a", { href, rel: "noopener noreferrer", className: "sb-break" }, href))));
    const label = (row) => labels.get(`${row.section}\n${row.name}`) || row.name;
    const table = (name, rows) => facts(name, rows, asked, names, links, label);
    charts.replaceChildren(...curves(several, names), ...parallel(different, names, label));
    result.replaceChildren(
      ...(different.length ? [element("h2", {}, "What differs"), table("What differs", different)] : [element("p", {}, "Nothing that is known differs.")]),
      ...(equal.length && !only.checked ? [element("h2", {}, "What is equal"), table("What is equal", equal)] : []),
      csv(only.checked ? different : found.rows, names, label),
    );
  }

  /* What is shown, as a file: a line for each fact. */
  function csv(rows, names, label) {
    const press = element("button", { type: "button", title: "What is shown of the facts, as a file" }, "CSV");
    press.addEventListener("click", () => saveCsv("comparison", [["section", "fact", ...names],
      ...rows.map((row) => [TITLES[row.section] || row.section, label(row), ...row.values.map((value) => (value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value)))])]));
    return element("div", { className: "sb-tools" }, press);
  }

  function facts(label, rows, paths, names, links, named) {
    const body = document.createElement("tbody");
    let section = null;
    for (const row of rows) {
      if (row.section !== section) {
        section = row.section;
        body.append(element("tr", { className: "sb-compare__section" }, element("th", { colSpan: paths.length + 1, scope: "colgroup" }, TITLES[section] || section)));
      }
      const cells = row.values.map((value, index) => {
        const cell = element("td", {}, ...told(value, row.section, links));
        const change = index && typeof value === "number" && typeof row.values[0] === "number" ? value - row.values[0] : 0;
        if (change) cell.append(" ", element("span", { className: "sb-quiet" }, `(${change > 0 ? "+" : "−"}${Number(Math.abs(change).toPrecision(4))})`));
        return cell;
      });
      body.append(element("tr", {}, element("th", { scope: "row" }, named(row)), ...cells));
    }
    const head = element("thead", {}, element("tr", {}, element("th", {}, "Fact"), ...paths.map((path, index) => element("th", {}, badge(index), element("a", { href: root + path }, ...unbroken(names[index]))))));
    return scrolled(label, head, body);
  }

  function told(value, section, links) {
    if (value === null) return [element("span", { className: "sb-quiet" }, section === "objects" ? "not there" : "not recorded")];
    if (section === "objects") return [`${Number.isInteger(value[0]) ? value[0].toLocaleString("en") : "?"} bytes `, element("code", { className: "sb-digest", title: `etag ${value[1]}` }, String(value[1]).slice(0, 8))];
    if (Array.isArray(value)) return value.flatMap((one, index) => [...(index ? [", "] : []), ...told(one, section, links)]);
    const known = typeof value === "string" && Object.hasOwn(links, value) ? links[value] : null;
    if (known) return [element("a", { href: root + known[1], title: value, className: "sb-name" }, known[0])];
    return [typeof value === "object" ? JSON.stringify(value) : String(value)];
  }

  /* --- charts: every number in them is in a table below ----------------------------------------------------------- */

  const [WIDE, TALL] = [420, 190];
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });
  const digits = (value) => (Math.abs(value) >= 1e4 && Math.abs(value) < 1e15 ? compact.format(value) : String(Number(value.toPrecision(4))));

  /* Metrics over steps, those of one name in one picture; from the least value to the greatest. */
  function curves(several, names) {
    const known = (points) => (points || []).filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
    const metrics = [...new Set(several.flatMap((one) => Object.keys(one.curves || {})))].sort(byName)
      .map((name) => [name, several.map((one) => known(one.curves[name]))]).filter(([, lines]) => lines.some((points) => points.length > 1));
    if (!metrics.length) return [];
    const figures = metrics.map(([name, lines]) => {
      const all = lines.flat(), xs = all.map(([x]) => x), ys = all.map(([, y]) => y);
      let [low, high] = [Math.min(...ys), Math.max(...ys)];
      if (low === high) [low, high] = [low - Math.abs(low || 1) * 0.05, high + Math.abs(high || 1) * 0.05];
      const [first, last] = [Math.min(...xs), Math.max(...xs)];
      const spot = ([x, y]) => [54 + (WIDE - 100) * (x - first) / (last - first || 1), 14 + (TALL - 44) * (high - y) / (high - low)];
      const drawn = chart(`${name} of ${lines.filter((points) => points.length).length} over their steps`, WIDE, TALL);
      for (const share of [0, 0.5, 1]) {
        const y = 14 + (TALL - 44) * share;
        drawn.append(shape("path", { class: "sb-grid", d: `M54 ${y}H${WIDE - 46}` }), tick(48, y + 4, digits(high - (high - low) * share), "end"));
      }
      drawn.append(tick(54, TALL - 10, `step ${first}`, "start"), tick(WIDE - 46, TALL - 10, `step ${last}`, "end"));
      const ends = [];
      lines.forEach((points, index) => {
        if (!points.length) return;
        const [x, y] = spot(points[points.length - 1]);
        drawn.append(line(points.map(spot), index, `${names[index]}: ${points.map(([at, value]) => `${digits(value)} at step ${at}`).join(", ")}`));
        ends.push({ x, y, index, text: `${letter(index)} ${digits(points[points.length - 1][1])}` });
      });
      /* Labels of lines that end near each other stand below each other; of two that end alike one says both. */
      ends.sort((p, q) => p.y - q.y).forEach((end, at) => {
        end.down = Math.max(end.y + 4, at ? ends[at - 1].down + 12 : 0);
        drawn.append(tick(WIDE - 40, end.down, end.text, "start", `sb-compare__end sb-compare__of${end.index}`));
      });
      return element("figure", { className: "sb-figure" }, element("figcaption", {}, name), drawn);
    });
    const body = element("tbody", {}, ...metrics.flatMap(([name, lines]) => lines.map((points, index) => element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, badge(index), names[index]),
      ...(points.length ? [points.length, digits(points[0][1]), digits(points[points.length - 1][1]), digits(Math.min(...points.map(([, y]) => y))), digits(Math.max(...points.map(([, y]) => y)))]
        : ["not recorded", "", "", "", ""]).map((value) => element("td", { className: "sb-num" }, String(value)))))));
    const head = element("thead", {}, element("tr", {}, ...["Metric", "Of", "Points", "First", "Last", "Least", "Greatest"].map((title, at) => element("th", at > 1 ? { className: "sb-num" } : {}, title))));
    return [element("h2", {}, "Curves"), element("div", { className: "sb-charts" }, ...figures),
      element("details", {}, element("summary", {}, "The numbers of the curves"), scrolled("Numbers of the curves", head, body)),
      element("p", { className: "sb-quiet" }, "Each picture goes from the least value to the greatest, not from 0. A value stands where its line ends.")];
  }

  /* What is a number and differs, on parallel axes. */
  function parallel(rows, names, label) {
    const number = (value) => (typeof value === "number" ? value : typeof value === "string" && value.trim() && Number.isFinite(Number(value)) ? Number(value) : null);
    const varied = rows.filter((row) => ["parameters", "hyperparameters", "metrics"].includes(row.section))
      .map((row) => [label(row), row.values.map(number)]).filter(([, values]) => new Set(values.filter((one) => one !== null)).size > 1);
    const axes = varied.slice(0, AXES);
    if (axes.length < 2) return [];
    const wide = Math.max(WIDE, 150 * axes.length), tall = 250, gap = (wide - 150) / (axes.length - 1);
    const drawn = chart(`${names.length} across ${axes.map(([name]) => name).join(", ")}`, wide, tall);
    const spans = axes.map(([, values]) => { const known = values.filter((one) => one !== null); return [Math.min(...known), Math.max(...known)]; });
    const spot = (at, value) => [60 + gap * at, 46 + (tall - 76) * (spans[at][1] - value) / (spans[at][1] - spans[at][0])];
    names.forEach((name, index) => {
      let stretch = [];
      const words = axes.map(([axis, values]) => `${axis} ${values[index] === null ? "not recorded" : digits(values[index])}`).join(", ");
      axes.forEach(([, values], at) => {
        if (values[index] !== null) stretch.push(spot(at, values[index]));
        if (values[index] === null || at === axes.length - 1) {
          if (stretch.length) drawn.append(line(stretch, index, `${name}: ${words}`));
          stretch = [];
        }
      });
    });
    axes.forEach(([axis, values], at) => {
      const x = 60 + gap * at;
      drawn.append(shape("path", { class: "sb-axis", d: `M${x} 46V${tall - 30}` }), tick(x, at % 2 ? 32 : 16, axis.length > 26 ? `${axis.slice(0, 25)}…` : axis, "middle"));
      const marks = new Map();
      values.forEach((value, index) => { if (value !== null) marks.set(value, [...(marks.get(value) || []), letter(index)]); });
      let below = -Infinity;
      for (const [value, letters] of [...marks].sort(([p], [q]) => q - p)) {
        below = Math.max(spot(at, value)[1] - 6, below + 13);
        drawn.append(tick(x + 8, below, `${digits(value)}  ${letters.join(" ")}`, "start"));
      }
    });
    const rest = varied.length > axes.length ? ` ${varied.length - axes.length} more numbers that differ have no axis.` : "";
    const canvas = element("div", { className: "sb-canvas sb-canvas--chart", tabIndex: 0 }, drawn);
    canvas.setAttribute("role", "region");
    canvas.setAttribute("aria-label", "Numbers that differ, on parallel axes; the same numbers are in the table of what differs");
    return [element("h2", {}, "Numbers that differ"), element("figure", { className: "sb-figure" }, canvas,
      element("figcaption", { className: "sb-quiet" }, `Each axis goes from the least of these values to the greatest; a line breaks where a value is not recorded. The same numbers are in the table below.${rest}`))];
  }

  function line(spots, index, title) {
    const drawn = shape("g", { class: `sb-compare__line sb-compare__of${index}` });
    drawn.append(shape("title", {}, title), shape("path", { d: `M${spots.map((one) => one.map((value) => value.toFixed(1)).join(" ")).join("L")}` }),
      ...(spots.length <= 12 ? spots : spots.slice(-1)).map(([x, y]) => shape("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 3 })));
    return drawn;
  }

  function chart(label, wide, tall) {
    const drawn = shape("svg", { class: "sb-chart", viewBox: `0 0 ${wide} ${tall}`, role: "img", "aria-label": label });
    drawn.style.minWidth = `${Math.min(wide, 2 * WIDE)}px`;
    drawn.style.maxWidth = `${wide * 1.2}px`;
    return drawn;
  }

  const tick = (x, y, text, anchor, more = "") => shape("text", { class: `sb-tick ${more}`, x, y, "text-anchor": anchor }, text);

  function shape(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /* --- pieces ---------------------------------------------------------------------------------------------------- */

  const badge = (index) => element("span", { className: `sb-compare__letter sb-compare__of${index}` }, letter(index));

  function scrolled(label, head, body) {
    const made = element("table", { className: "sb-table sb-pairs" }, head, body);
    made.setAttribute("aria-label", label);
    return element("div", { className: "sb-scroll" }, made);
  }

  const failed = (error) => {
    status.textContent = /^could not be made/.test(error?.message) ? `What is known of one of them ${error.message}. This is a bug in Studbook.` : location.protocol === "file:" ? "This page needs a web server: 'studbook serve' is one." : "What is known of them could not be fetched: is each of them in this snapshot?";
  };
  const shown = () => show().catch(failed);

  async function look(slug) {
    const fetched = await get(`index/${slug}`);
    kind.value = slug;
    wholes = fetched.wholes;
    part("[data-whole-title]").firstChild.textContent = `${WHOLES[slug] || "Of"} `;
    whole.replaceChildren(...wholes.map((one, index) => new Option(placed(one.name, one.where), index)));
    const own = chosen.length ? (await get(chosen[0])).whole : [];
    const at = wholes.findIndex((one) => one.name === own[0] && one.where === own[1]);
    const usual = wholes.findIndex((one) => one.members.length > 1);
    whole.value = String(Math.max(0, at < 0 ? usual : at));
    if (!chosen.length && usual >= 0) chosen = wholes[usual].members.slice(0, 2).map(([, path]) => path).reverse();
    return show();
  }

  kind.replaceChildren(...kinds.map(([slug, title]) => new Option(title, slug)));
  const known = (path) => kinds.some(([slug]) => path.startsWith(`${slug}/`));
  chosen = [...new Set(decodeURIComponent(location.hash.slice(1)).split("+").filter(known))];
  chosen = chosen.filter((path) => path.split("/")[0] === chosen[0].split("/")[0]).slice(0, MOST);
  kind.addEventListener("change", () => { chosen = []; look(kind.value).catch(failed); });
  whole.addEventListener("change", () => choices().catch(failed));
  only.addEventListener("change", shown);
  boxes.addEventListener("change", ({ target }) => {
    chosen = target.checked ? [...chosen, target.value].slice(0, MOST) : chosen.filter((path) => path !== target.value);
    shown();
  });
  frame.hidden = false;
  look(chosen.length ? chosen[0].split("/")[0] : kinds[0][0]).catch(failed);
})();
