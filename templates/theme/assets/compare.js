/* Compare: two to six model versions side by side, a verdict first. A model's facts are fetched when one of its versions is chosen. */
(() => {
  "use strict";

  const frame = document.querySelector(".sb-compare");
  if (!frame) return;
  const { sections } = JSON.parse(document.getElementById("sb-compare-words").textContent);
  const { element } = window.studbook;
  const root = frame.dataset.root;
  const status = frame.querySelector("[role=status]");
  const verdict = frame.querySelector(".sb-compare__verdict");
  const result = frame.querySelector(".sb-compare__result");
  const model = frame.querySelector("[data-model]");
  const boxes = frame.querySelector(".sb-compare__versions");
  const only = frame.querySelector("[data-only]");
  const TITLES = { base: "Base model", data: "Data", hyperparameters: "Hyperparameters", code: "Code", training: "Training", metrics: "Training metrics", evaluations: "Evaluations", registry: "Registry", deployments: "Deployments" };
  const MOST = 6;
  const files = new Map();
  let models = [], chosen = [];

  function get(path) {
    if (!/^[a-z0-9/-]+$/.test(path)) return Promise.reject(new Error(path));
    if (!files.has(path)) {
      files.set(path, fetch(`${root}compare/${path}.json`).then((answer) => {
        if (!answer.ok) throw new Error(`${answer.status}`);
        return answer.json();
      }));
      files.get(path).catch(() => files.delete(path));
    }
    return files.get(path);
  }

  const holder = (path) => models.find((one) => one.versions.some(([, other]) => other === path));
  const named = (path) => { const of = holder(path); return `${of.versions.find(([, other]) => other === path)[0]}${of.where ? ` (${of.where})` : ""}`; };

  /* The check boxes: the versions of the model that is looked at, and those that are chosen of others. */
  function choices() {
    const here = models[model.value].versions.map(([, path]) => path);
    boxes.replaceChildren(...[...here, ...chosen.filter((path) => !here.includes(path))].map((path) => {
      const box = element("input", { type: "checkbox", value: path, checked: chosen.includes(path), disabled: !chosen.includes(path) && chosen.length >= MOST });
      return element("label", {}, box, here.includes(path) ? holder(path).versions.find(([, other]) => other === path)[0] : named(path));
    }));
  }

  async function show() {
    choices();
    history.replaceState(null, "", `#${chosen.join("+")}`);
    verdict.replaceChildren();
    result.replaceChildren();
    if (chosen.length < 2) {
      status.textContent = chosen.length ? "Choose one more." : "Choose two versions.";
      return;
    }
    const asked = [...chosen];
    const several = await Promise.all(asked.map((path) => get(holder(path).path.replace(/\/$/, ""))));
    if (asked.join() !== chosen.join()) return;
    const names = Object.assign({}, ...several.map((one) => one.names));
    const facts = several.map((one, index) => new Map((one.facts[asked[index]] || []).map((fact) => [`${fact[0]}\n${fact[1]}`, fact])));
    const rows = [...new Map(facts.flatMap((one) => [...one])).values()].map(([section, key, label]) => {
      const values = facts.map((one) => (one.get(`${section}\n${key}`) || [])[3]);
      return { section, label, values, equal: values.every((one) => one !== undefined && JSON.stringify(one) === JSON.stringify(values[0])) };
    }).sort((p, q) => sections.indexOf(p.section) - sections.indexOf(q.section) || (p.label < q.label ? -1 : 1));
    const different = rows.filter((row) => !row.equal), equal = rows.filter((row) => row.equal);
    status.textContent = `${different.length} ${different.length === 1 ? "fact differs" : "facts differ"}, ${equal.length} ${equal.length === 1 ? "is" : "are"} equal.`;
    verdict.replaceChildren(...asked.slice(1).map((path, index) => element("li", {}, sentence(rows, asked, several.map((one, place) => one.scores[asked[place]]), index + 1))));
    result.replaceChildren(
      ...(different.length ? [table("What differs", different, asked, names)] : []),
      ...(equal.length && !only.checked ? [element("h2", {}, "What is equal"), table("What is equal", equal, asked, names)] : []),
    );
  }

  /* One version against the first: numbers are held against each other where both were surely found alike. */
  function sentence(rows, paths, scores, at) {
    const [first, path] = [paths[0], paths[at]];
    const by = (list) => new Map(list.map((one) => [JSON.stringify(one.slice(0, 3)), one]));
    const ours = by(scores[0]), theirs = by(scores[at]);
    const shared = [...ours].flatMap(([key, one]) => {
      const other = theirs.get(key);
      return other && one[5] && other[5] && JSON.stringify(one[3]) === JSON.stringify(other[3]) ? [Math.sign(Number((other[4] - one[4]).toFixed(12))) * one[5]] : [];
    });
    const better = shared.filter((sign) => sign > 0).length, worse = shared.filter((sign) => sign < 0).length;
    const lacks = [...ours.keys()].filter((key) => !theirs.has(key)).length, adds = [...theirs.keys()].filter((key) => !ours.has(key)).length;
    const told = [shared.length ? `better than ${named(first)} on ${better} of ${shared.length} shared judgements${worse ? `, worse on ${worse}` : ""}` : `no judgement is surely shared with ${named(first)}`];
    if (lacks) told.push(`lacks ${lacks} that it has`);
    if (adds) told.push(`has ${adds} that it lacks`);
    for (const [section, words] of [["base", "base"], ["data", "data"], ["code", "code"]]) {
      const of = rows.filter((row) => row.section === section);
      const both = of.filter((row) => row.values[0] !== undefined && row.values[at] !== undefined);
      const differ = both.some((row) => JSON.stringify(row.values[0]) !== JSON.stringify(row.values[at])) || (both.length > 0 && of.some((row) => (row.values[0] === undefined) !== (row.values[at] === undefined)));
      told.push(`${differ ? "other" : both.length ? "same" : "not comparable"} ${words}`);
    }
    return `${named(path)}: ${told.join("; ")}.`;
  }

  function table(label, rows, paths, names) {
    const body = document.createElement("tbody");
    let section = null;
    for (const row of rows) {
      if (row.section !== section) {
        section = row.section;
        body.append(element("tr", { className: "sb-compare__section" }, element("th", { colSpan: paths.length + 1, scope: "colgroup" }, TITLES[section] || section)));
      }
      const cells = row.values.map((value, index) => {
        const cell = element("td", {}, ...told(value, names));
        const change = index && typeof value === "number" && typeof row.values[0] === "number" ? value - row.values[0] : 0;
        if (change) {
          cell.append(" ", element("span", { className: "sb-quiet" }, `(${change > 0 ? "+" : "−"}${Number(Math.abs(change).toPrecision(4))})`));
        }
        return cell;
      });
      body.append(element("tr", {}, element("th", { scope: "row" }, row.label), ...cells));
    }
    const head = element("thead", {}, element("tr", {}, element("th", {}, "Fact"), ...paths.map((path) => element("th", {}, element("a", { href: root + path }, named(path))))));
    const made = element("table", { className: "sb-table sb-pairs" }, head, body);
    made.setAttribute("aria-label", label);
    return element("div", { className: "sb-scroll" }, made);
  }

  function told(value, names) {
    if (value === undefined || value === null) return [element("span", { className: "sb-quiet" }, "none recorded")];
    if (Array.isArray(value)) return value.flatMap((one, index) => [...(index ? [", "] : []), ...told(one, names)]);
    const known = typeof value === "string" && Object.hasOwn(names, value) ? names[value] : null;
    if (known) return [element("a", { href: root + known[1], title: value, className: "sb-name" }, known[0])];
    return [typeof value === "object" ? JSON.stringify(value) : String(value)];
  }

  const failed = () => {
    status.textContent = "The facts could not be fetched. This page needs a web server: 'studbook serve' is one.";
  };
  const shown = () => show().catch(failed);

  function begin(data) {
    models = data.models;
    model.replaceChildren(...models.map((one, index) => new Option(one.where ? `${one.name} (${one.where})` : one.name, index)));
    chosen = [...new Set(decodeURIComponent(location.hash.slice(1)).split("+").filter((path) => path && holder(path)))].slice(0, MOST);
    const usual = Math.max(0, models.findIndex((one) => one.versions.length > 1));
    model.value = String(chosen.length ? models.indexOf(holder(chosen[0])) : usual);
    if (!chosen.length) chosen = models[usual].versions.slice(0, 2).map(([, path]) => path).reverse();
    model.addEventListener("change", choices);
    only.addEventListener("change", shown);
    boxes.addEventListener("change", ({ target }) => {
      chosen = target.checked ? [...chosen, target.value].slice(0, MOST) : chosen.filter((path) => path !== target.value);
      shown().then(() => boxes.querySelector(`[value="${CSS.escape(target.value)}"]`)?.focus());
    });
    frame.hidden = false;
    return show();
  }

  get("models").then(begin).catch(() => { frame.hidden = false; failed(); });
})();
