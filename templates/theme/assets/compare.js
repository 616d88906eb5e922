/* Compare: two model versions side by side, differences first. A model's facts are fetched when it is chosen. */
(() => {
  "use strict";

  const frame = document.querySelector(".sb-compare");
  if (!frame) return;
  const { sections } = JSON.parse(document.getElementById("sb-compare-words").textContent);
  const root = frame.dataset.root;
  const status = frame.querySelector("[role=status]");
  const result = frame.querySelector(".sb-compare__result");
  const TITLES = { base: "Base model", data: "Data", hyperparameters: "Hyperparameters", code: "Code", training: "Training", metrics: "Training metrics", evaluations: "Evaluations", registry: "Registry", deployments: "Deployments" };
  const SIDES = ["left", "right"];
  const model = Object.fromEntries(SIDES.map((side) => [side, frame.querySelector(`[data-model=${side}]`)]));
  const version = Object.fromEntries(SIDES.map((side) => [side, frame.querySelector(`[data-version=${side}]`)]));
  const files = new Map();
  let models = [];

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

  const chosen = (side) => models[model[side].value];

  function versions(side, wanted) {
    const all = chosen(side).versions;
    version[side].replaceChildren(...all.map(([name, path]) => new Option(name, path)));
    if (wanted && all.some(([, path]) => path === wanted)) version[side].value = wanted;
  }

  async function show() {
    const [left, right] = await Promise.all(SIDES.map((side) => get(chosen(side).path.replace(/\/$/, ""))));
    const names = { ...left.names, ...right.names };
    const one = facts(left.facts[version.left.value]), other = facts(right.facts[version.right.value]);
    const rows = [...new Map([...one, ...other]).keys()].map((key) => {
      const a = one.get(key), b = other.get(key);
      const [section, , label] = a || b;
      return { section, label, left: a && a[3], right: b && b[3], equal: Boolean(a && b) && JSON.stringify(a[3]) === JSON.stringify(b[3]) };
    }).sort((p, q) => sections.indexOf(p.section) - sections.indexOf(q.section) || (p.label < q.label ? -1 : 1));
    const different = rows.filter((row) => !row.equal), equal = rows.filter((row) => row.equal);
    history.replaceState(null, "", `#${version.left.value}+${version.right.value}`);
    status.textContent = version.left.value === version.right.value ? "This is one version twice."
      : `${different.length} ${different.length === 1 ? "fact differs" : "facts differ"}, ${equal.length} ${equal.length === 1 ? "is" : "are"} equal.`;
    result.replaceChildren(
      ...(different.length ? [table("What differs", different, names)] : []),
      ...(equal.length ? [element("h2", {}, "What is equal"), table("What is equal", equal, names)] : []),
    );
  }

  const facts = (list) => new Map((list || []).map((fact) => [`${fact[0]}\n${fact[1]}`, fact]));

  function table(label, rows, names) {
    const body = document.createElement("tbody");
    let section = null;
    for (const row of rows) {
      if (row.section !== section) {
        section = row.section;
        const head = element("tr", {}, Object.assign(document.createElement("th"), { colSpan: 3, scope: "colgroup", textContent: TITLES[section] || section }));
        head.className = "sb-compare__section";
        body.append(head);
      }
      const change = !row.equal && typeof row.left === "number" && typeof row.right === "number" ? row.right - row.left : null;
      const right = element("td", {}, ...told(row.right, names));
      if (change !== null) right.append(" ", element("span", { className: "sb-quiet" }, `(${change > 0 ? "+" : "−"}${Number(Math.abs(change).toPrecision(4))})`));
      body.append(element("tr", {}, Object.assign(document.createElement("th"), { scope: "row", textContent: row.label }), element("td", {}, ...told(row.left, names)), right));
    }
    const head = element("thead", {}, element("tr", {}, element("th", {}, "Fact"), ...SIDES.map((side) => element("th", {},
      element("a", { href: root + version[side].value }, version[side].selectedOptions[0].textContent), " ", element("span", { className: "sb-quiet" }, chosen(side).where)))));
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

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  const failed = () => {
    status.textContent = "The facts could not be fetched. This page needs a web server: 'studbook serve' is one.";
  };

  function begin(data) {
    models = data.models;
    const options = () => models.map((one, index) => new Option(one.where ? `${one.name} (${one.where})` : one.name, index));
    const asked = decodeURIComponent(location.hash.slice(1)).split("+");
    SIDES.forEach((side, index) => {
      model[side].replaceChildren(...options());
      const holder = models.findIndex((one) => one.versions.some(([, path]) => path === asked[index]));
      const usual = models.findIndex((one) => one.versions.length > 1);
      model[side].value = String(holder >= 0 ? holder : index && asked[0] ? model.left.value : Math.max(0, usual));
      versions(side, asked[index]);
      if (holder < 0 && side === "left" && chosen(side).versions.length > 1) version.left.value = chosen(side).versions[1][1];
      model[side].addEventListener("change", () => { versions(side); show().catch(failed); });
      version[side].addEventListener("change", () => show().catch(failed));
    });
    frame.hidden = false;
    return show();
  }

  get("models").then(begin).catch(() => { frame.hidden = false; failed(); });
})();
