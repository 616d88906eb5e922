/* Changes between any two nights: each night's site keeps its own step, and steps are added up here. */
(() => {
  "use strict";

  const frame = document.querySelector("[data-steps]");
  if (!frame || location.protocol === "file:") return;
  const { element, table } = window.studbook;
  const home = new URL(frame.dataset.root, location);
  const told = document.querySelector("[data-told]");
  const result = frame.querySelector(".sb-steps__result");
  const status = frame.querySelector("[role=status]");
  const [from, to] = ["from", "to"].map((side) => frame.querySelector(`[data-side=${side}]`));
  const [ours, before] = [frame.dataset.steps, frame.dataset.before];
  const steps = new Map();
  const MOST = 20;
  let asked = 0, alone = "";

  function get(number) {
    if (!steps.has(number)) {
      steps.set(number, fetch(new URL(`../${number}/changes/step.json`, home)).then((answer) => {
        if (!answer.ok) throw new Error(`There is no site of snapshot ${number} here.`);
        return answer.json();
      }));
      steps.get(number).catch(() => steps.delete(number));
    }
    return steps.get(number);
  }

  async function between(old, now) {
    const out = [];
    for (let number = now; number !== old;) {
      const step = await get(number);
      if (step.old === null || step.old < old) throw new Error(`There is no step from snapshot ${old}.`);
      out.unshift(step);
      number = step.old;
    }
    return out;
  }

  /* What came and went, was changed and changed back in between, is no change from the first to the last. */
  function sum(list) {
    const assets = new Map(), came = new Map(), gone = new Map(), fields = new Map(), edges = new Map();
    const first = { approvals: new Map(), deployments: new Map(), coverage: new Map(), certainty: new Map() };
    const models = new Set(), drifted = new Map();
    for (const step of list) {
      if (step.old === null) continue;
      const id = (place) => step.assets[place][0];
      const key = (line) => [id(line[0]), id(line[1]), line[2], line[3]].join("\n");
      for (const asset of step.assets) assets.set(asset[0], asset);
      for (const one of step.added.map(id)) if (!gone.delete(one)) came.set(one, true);
      for (const one of step.removed.map(id)) { fields.delete(one); models.delete(one); if (!came.delete(one)) gone.set(one, true); }
      for (const [place, changed] of step.changed) {
        if (came.has(id(place))) continue;
        const mine = fields.get(id(place)) || new Map();
        for (const [name, old, now] of changed) merge(mine, name, old, now);
        if (mine.size) fields.set(id(place), mine); else fields.delete(id(place));
      }
      step.models.map(id).forEach((one) => models.add(one));
      for (const [place, old, now] of step.approvals) if (!came.has(id(place))) merge(first.approvals, id(place), old, now);
      for (const [place, old, now] of step.deployments) {
        const runs = ([one, manner]) => [id(one), manner];
        merge(first.deployments, id(place), old.map(runs), now.map(runs));
      }
      for (const [where, old, now] of step.coverage) merge(first.coverage, where, old, now);
      for (const [read, job] of step.drifted) drifted.set(`${id(read)}\n${id(job)}`, [id(read), id(job)]);
      const edge = (line) => ({ source: id(line[0]), target: id(line[1]), words: line[2], role: line[3], certainty: line[4], candidate: line[5] });
      for (const line of step.edges_added) put(edges, key(line), 1, edge(line));
      for (const line of step.edges_removed) put(edges, key(line), -1, edge(line));
      for (const line of step.edges_changed) merge(first.certainty, key(line), line[6], line[4], edge(line));
    }
    return { assets, came: [...came.keys()], gone: [...gone.keys()], fields, models: [...models], drifted: [...drifted.values()], ...first,
      gained: [...edges.values()].filter((one) => one.by > 0).map((one) => one.edge), lost: [...edges.values()].filter((one) => one.by < 0).map((one) => one.edge) };
  }

  /* Of one asset alone, by its page: what is said of it, and its edges. */
  function only(all, path) {
    const here = (id) => all.assets.get(id)[3] === path;
    const kept = (map) => new Map([...map].filter(([id]) => here(id)));
    const ends = (edge) => here(edge.source) || here(edge.target);
    return { ...all, came: all.came.filter(here), gone: all.gone.filter(here), models: all.models.filter(here), drifted: all.drifted.filter((pair) => pair.some(here)),
      fields: kept(all.fields), approvals: kept(all.approvals), coverage: new Map(),
      deployments: new Map([...all.deployments].filter(([id, { old, now }]) => [id, ...[...old, ...now].map(([one]) => one)].some(here))),
      certainty: new Map([...all.certainty].filter(([, { more }]) => ends(more))), gained: all.gained.filter(ends), lost: all.lost.filter(ends) };
  }

  function merge(map, key, old, now, more) {
    const start = map.has(key) ? map.get(key).old : old;
    if (JSON.stringify(start) === JSON.stringify(now)) map.delete(key); else map.set(key, { old: start, now, more });
  }

  function put(map, key, by, edge) {
    const all = (map.get(key) || { by: 0 }).by + by;
    if (all) map.set(key, { by: all, edge }); else map.delete(key);
  }

  /* --- what is shown: text is set as text, and an address is one of this site's own ------------------------------ */

  function show(all, now) {
    const link = (id) => {
      const [, name, , path, , marks] = all.assets.get(id);
      const made = /^[a-z0-9-]+\/[a-z0-9-]+\/$/.test(path || "")
        ? element("a", { className: "sb-name", href: new URL(`../${now}/${path}`, home).href }, name) : element("span", { className: "sb-name" }, name);
      return [made, ...marks.flatMap((mark) => [" ", element("span", { className: `sb-badge sb-badge--${mark}` }, mark)])];
    };
    const links = (several) => several.flatMap(([id, manner], index) => [...(index ? [", "] : []), ...link(id), ...(manner ? [" ", element("span", { className: "sb-badge" }, manner)] : [])]);
    const kind = (id) => [element("span", { className: "sb-kind" }, all.assets.get(id)[2]), " ", ...link(id)];
    const value = (one) => (one === null || one === undefined ? "none" : typeof one === "object" ? JSON.stringify(one) : String(one));
    const section = (title, titles, rows) => (rows.length ? [element("h2", {}, title), table(title, titles, rows)] : []);
    const changed = [...all.fields].flatMap(([id, mine]) => [...mine].map(([name, { old, now: is }]) => [link(id), [all.assets.get(id)[2]], [element("code", {}, name)], [value(old)], [value(is)]]));
    const edge = (line) => [link(line.source), [line.words], [line.role || ""], link(line.target), [line.certainty + (line.candidate ? ", candidate" : "")]];
    const lines = (several, line, one, many) => {
      const made = several.map((one) => element("li", {}, ...line(one)));
      const rest = made.splice(MOST);
      const more = element("summary", {}, `${rest.length} more ${rest.length === 1 ? one : many}`);
      return rest.length ? [...made, element("li", {}, element("details", {}, more, element("ul", {}, ...rest)))] : made;
    };
    const list = element("ul", { className: "sb-told" },
      ...lines([...all.deployments], ([id, { old, now: is }]) => [...kind(id),
        ...(is.length ? [" now runs ", ...links(is), ...(old.length ? [" instead of ", ...links(old)] : [])] : [" runs nothing any more"])], "deployment", "deployments"),
      ...lines([...all.approvals], ([id, { old, now: is }]) => [...kind(id), ` went from ${old || "no approval"} to ${is || "no approval"}`], "approval", "approvals"),
      ...lines(all.models, (id) => ["New: ", ...kind(id)], "new model", "new models"),
      ...lines(all.drifted, ([read, job]) => [...kind(read), " changed after ", ...link(job), " had begun to read it"], "job that read changed data", "jobs that read changed data"),
      ...lines([...all.coverage], ([where, { old, now: is }]) => [`${where}: ${old || "not asked"} to ${is || "not asked"}`], "change of coverage", "changes of coverage"));
    const numbers = [[`+${all.came.length}`, "new"], [`${all.fields.size}`, "changed"], [`−${all.gone.length}`, "gone"], [`+${all.gained.length} −${all.lost.length}`, "links"]];
    const asset = (id) => [link(id), [all.assets.get(id)[2]], [all.assets.get(id)[4]]];
    result.replaceChildren(
      element("ul", { className: "sb-numbers sb-numbers--changes" }, ...numbers.map(([count, word]) => element("li", {}, element("strong", {}, count), element("span", {}, word)))),
      ...(list.children.length ? [list] : []),
      ...section("New", ["Name", "Kind", "Where"], all.came.map(asset)),
      ...section("Changed", ["Name", "Kind", "Field", "Was", "Is"], changed),
      ...section("Gone", ["Name", "Kind", "Where"], all.gone.map(asset)),
      ...section("New edges", ["From", "Relation", "Role", "To", "Certainty"], all.gained.map(edge)),
      ...section("Edges no more", ["From", "Relation", "Role", "To", "Certainty"], all.lost.map(edge)),
      ...section("Edges of another certainty", ["From", "Relation", "Role", "To", "Was", "Is"],
        [...all.certainty.values()].map(({ old, now: is, more }) => [...edge(more).slice(0, 4), [old], [is]])),
    );
    for (const made of result.querySelectorAll("table")) made.dataset.table = "50";
    document.dispatchEvent(new Event("sb:tables"));
  }

  async function choose() {
    const turn = asked += 1;  // an answer to an earlier choice that comes late is not shown
    const [old, now] = [Number(from.value), Number(to.value)];
    const own = !alone && from.value === before && to.value === ours;
    told.hidden = !own;
    result.hidden = own;
    status.textContent = "";
    history.replaceState(null, "", own ? location.pathname : `#${old}..${now}${alone ? `+${alone}` : ""}`);
    if (own) return;
    if (old >= now) { result.replaceChildren(); status.textContent = "Choose an older snapshot on the left."; return; }
    try {
      const every = sum(await between(old, now));
      if (turn !== asked) return;
      const all = alone ? only(every, alone) : every;
      show(all, now);
      const some = [all.came, all.gone, all.gained, all.lost, all.drifted].some((list) => list.length) || [all.fields, all.deployments, all.certainty].some((map) => map.size);
      const of = [...every.assets.values()].find((asset) => asset[3] === alone);
      status.textContent = some ? `Snapshot ${old} to ${now}.` : `Nothing is different between snapshot ${old} and ${now}.`;
      if (alone) status.append(" Of ", element("a", { href: new URL(`../${now}/${alone}`, home).href }, of ? `${of[2]} ${of[1]}` : "this asset"), " alone. ",
        element("a", { href: `#${old}..${now}` }, "All changes"));
    } catch (error) {
      if (turn !== asked) return;
      result.replaceChildren();
      status.textContent = `${error.message} studbook diff ${old} ${now} tells it.`;
    }
  }

  fetch(new URL("../versions.json", home)).then((answer) => answer.json()).then((versions) => {
    const options = () => versions.map(({ version, title }) => new Option(title, version));
    if (versions.length < 2) return;
    from.replaceChildren(...options());
    to.replaceChildren(...options());
    const recall = () => {
      const [, old, now, path] = /^#(?:(\d+)\.\.(\d+))?\+?([a-z0-9-]+\/[a-z0-9-]+\/)?$/.exec(location.hash) || [];
      [from.value, to.value, alone] = [old || before, now || ours, path || ""];
      if (!from.value || !to.value) return;
      frame.hidden = false;
      choose();
    };
    for (const side of [from, to]) side.addEventListener("change", choose);
    addEventListener("hashchange", recall);
    recall();
  }).catch(() => {});
})();
